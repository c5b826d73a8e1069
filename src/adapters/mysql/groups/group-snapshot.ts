import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { GroupRange, GroupSnapshot, Groups } from '../../../core/groups.js'
import type { Row } from '../../../core/table.js'
import { asIntegers, parseIntegerList } from '../../sql/integer-list.js'
import { Pace } from '../../sql/pace.js'
import type { ReadPass } from '../session/read-pass.js'
import type { MysqlGroupColumn } from './group-column.js'
import { keysetStatement, lookupStatement, rowsStatement, sortedStatement } from './group-sql.js'

const PACE = { targetMs: 300, first: 2_000, least: 500, most: 20_000 }
/** Long keys, of which each byte takes two digits. */
const PACE_OF_TEXTS = { ...PACE, most: 5_000 }
/** Groups of a stream that go on together. */
const PAGE = 5_000

const Columnar = z.tuple([z.object({ k: z.string().nullable(), n: z.string().nullable(), c: z.coerce.number() })])

/** One connection in its snapshot; its statements run one after the other. */
class Lane {
  readonly pass: ReadPass
  #last: Promise<unknown> = Promise.resolve()

  constructor(pass: ReadPass) {
    this.pass = pass
  }

  run<Result>(work: (pass: ReadPass) => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(() => work(this.pass))
    this.#last = turn.catch(() => undefined)
    return turn
  }
}

export interface MysqlLanes {
  readonly columns: readonly MysqlGroupColumn[]
  readonly passes: readonly ReadPass[]
  /** Which pass each column is read on; one that is sorted has its own. */
  readonly passOf: readonly number[]
  /** Cuts all connections. */
  readonly abort: () => void
}

/** One snapshot of a database over some connections. */
export class MysqlGroupSnapshot implements GroupSnapshot {
  readonly #lanes: readonly Lane[]
  readonly #options: MysqlLanes
  #underWay = 0

  constructor(options: MysqlLanes) {
    this.#options = options
    this.#lanes = options.passes.map((pass) => new Lane(pass))
  }

  groups(index: number, range: GroupRange, signal: AbortSignal): AsyncIterable<Groups> {
    const stop = (): void => {
      if (this.#underWay > 0) this.#options.abort()
    }
    signal.addEventListener('abort', stop, { once: true })
    const { indexed } = this.#column(index)
    return indexed ? this.#keyset(index, range, signal) : this.#sorted(index, range)
  }

  async lookup(index: number, keys: readonly string[]): Promise<Groups> {
    const column = this.#column(index)
    const possible = keys.filter(column.fits)
    if (possible.length === 0) return { keys: [], values: [] }
    return this.#columnar(index, lookupStatement(column, possible))
  }

  async rows(index: number, key: string, { limit }: { readonly limit: number }): Promise<readonly Row[]> {
    const column = this.#column(index)
    if (!column.fits(key)) return []
    const statement = sql.raw(rowsStatement(column, key, limit))
    const rows = await this.#lane(index).run((pass) => pass.execute(statement))
    return rows.map((row) => column.rowKey.map((_, place) => Cell.parse(row[`c${place}`])))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pass } of this.#lanes) if (this.#underWay === 0) pass.finish()
    await Promise.all(this.#lanes.map(({ pass }) => pass[Symbol.asyncDispose]()))
  }

  async *#keyset(index: number, range: GroupRange, signal: AbortSignal): AsyncGenerator<Groups> {
    const column = this.#column(index)
    const pace = new Pace(column.order === 'number' ? PACE : PACE_OF_TEXTS)
    for (let { after } = range; ; ) {
      const limit = pace.size
      const startedAt = performance.now()
      const groups = await this.#columnar(index, keysetStatement(column, { ...range, after, limit }))
      const restMs = pace.took(performance.now() - startedAt)
      if (groups.keys.length > 0) yield groups
      if (groups.keys.length < limit) return
      after = String(groups.keys[groups.keys.length - 1])
      if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** The server sorts and the rows come as they are asked for. */
  async *#sorted(index: number, range: GroupRange): AsyncGenerator<Groups> {
    const column = this.#column(index)
    let keys: string[] = []
    let values: (string | null)[] = []
    this.#underWay += 1
    try {
      for await (const page of this.#lane(index, true).stream(sortedStatement(column, range))) {
        for (const [key, value] of page) {
          keys.push(String(key))
          values.push(value === null || value === undefined ? null : String(value))
        }
        if (keys.length < PAGE) continue
        yield fromTexts(column, keys, values)
        keys = []
        values = []
      }
    } finally {
      this.#underWay -= 1
    }
    if (keys.length > 0) yield fromTexts(column, keys, values)
  }

  async #columnar(index: number, statement: string): Promise<Groups> {
    const column = this.#column(index)
    this.#underWay += 1
    try {
      const rows = await this.#lane(index).run((pass) => pass.execute(sql.raw(statement)))
      return toGroups(column, Columnar.parse(rows)[0])
    } finally {
      this.#underWay -= 1
    }
  }

  #column(index: number): MysqlGroupColumn {
    const column = this.#options.columns[index]
    if (column === undefined) throw new RangeError(`there is no column ${index}`)
    return column
  }

  #lane(index: number): Lane
  #lane(index: number, whole: true): ReadPass
  #lane(index: number, whole = false): Lane | ReadPass {
    const lane = this.#lanes[this.#options.passOf[index] ?? -1]
    if (lane === undefined) throw new RangeError(`there is no column ${index}`)
    return whole ? lane.pass : lane
  }
}

const Cell = z.string().nullable()

function fromTexts(column: MysqlGroupColumn, printed: readonly string[], values: readonly (string | null)[]): Groups {
  const keys = column.order === 'text' ? printed.map(fromHex) : printed
  return {
    keys: column.order === 'number' ? asIntegers(keys) : keys,
    values: column.value === 'number' ? asIntegers(values) : values,
  }
}

function toGroups(column: MysqlGroupColumn, { k, n, c: count }: z.infer<typeof Columnar>[0]): Groups {
  if (k === null || n === null || count === 0) return { keys: [], values: [] }
  const numbers = column.order === 'number' ? parseIntegerList(k, { count }) : undefined
  const keys = numbers ?? k.split(',').map(column.order === 'text' ? fromHex : same)
  const integers = column.value === 'number' ? parseIntegerList(n, { count }) : undefined
  const values = integers ?? n.split(',').map((value) => (value === 'NULL' ? null : value))
  if (keys.length === count && values.length === count) return { keys, values }
  throw new Error(`${column.label}: the server cut a list of keys short (group_concat_max_len)`)
}

function fromHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf8')
}

function same(text: string): string {
  return text
}
