import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { GroupRange, GroupSnapshot, Groups } from '../../../core/groups.js'
import type { Row } from '../../../core/table.js'
import type { HeldTransaction } from '../../sql/held-transaction.js'
import { asIntegers, parseIntegerList } from '../../sql/integer-list.js'
import { Pace } from '../../sql/pace.js'
import { parseArrayLiteral } from '../rows/array-literal.js'
import type { ResultRow, Session } from '../session/session.js'
import type { Lane } from '../snapshot-lane.js'
import type { PostgresGroupColumn } from './group-column.js'
import { keysetStatement, lookupStatement, rowsStatement, sortedStatement } from './group-sql.js'

/** Of one statement: long enough for a key that most rows have, short enough to notice a server that is gone. */
const STATEMENT_MS = 600_000
/** Of the one that sorts a whole table. */
const SORT_MS = 6 * 3_600_000
const PACE = { targetMs: 300, first: 2_000, least: 500, most: 20_000 }
/** Groups that a cursor brings at a time. */
const PAGE = 20_000

const Columnar = z.tuple([z.object({ k: z.string().nullable(), n: z.string().nullable(), c: z.number() })])
const Pairs = z.array(z.object({ k: z.string(), n: z.string().nullable() }))

/** One snapshot of a database over some connections. */
export class PostgresGroupSnapshot implements GroupSnapshot {
  readonly #columns: readonly PostgresGroupColumn[]
  readonly #lanes: readonly Lane[]
  /** Which lane each column is read on. */
  readonly #laneOf: readonly number[]

  constructor(columns: readonly PostgresGroupColumn[], lanes: readonly Lane[], laneOf: readonly number[]) {
    this.#columns = columns
    this.#lanes = lanes
    this.#laneOf = laneOf
  }

  groups(index: number, range: GroupRange, signal: AbortSignal): AsyncIterable<Groups> {
    return this.#column(index).indexed ? this.#keyset(index, range, signal) : this.#sorted(index, range, signal)
  }

  async lookup(index: number, keys: readonly string[], signal: AbortSignal): Promise<Groups> {
    const column = this.#column(index)
    const possible = keys.filter(column.fits)
    if (possible.length === 0) return { keys: [], values: [] }
    const options = { signal, what: 'looking up keys', deadlineMs: STATEMENT_MS }
    const rows = await this.#lane(index).run((session) => session.execute(lookupStatement(column, possible), options))
    return toGroups(column, rows)
  }

  async rows(
    index: number,
    key: string,
    { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
  ): Promise<readonly Row[]> {
    const column = this.#column(index)
    if (!column.fits(key)) return []
    const options = { signal, what: 'reading the rows of a key', deadlineMs: STATEMENT_MS }
    const rows = await this.#lane(index).run((session) => session.execute(rowsStatement(column, key, limit), options))
    return rows.map((row) => column.rowKey.map((_, place) => Cell.parse(row[`c${place}`])))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }

  async *#keyset(index: number, range: GroupRange, signal: AbortSignal): AsyncGenerator<Groups> {
    const column = this.#column(index)
    const pace = new Pace(PACE)
    const options = { signal, what: `counting ${column.name}`, deadlineMs: STATEMENT_MS }
    for (let { after } = range; ; ) {
      const limit = pace.size
      const statement = keysetStatement(column, { ...range, after, limit })
      const { rows, ms } = await this.#lane(index).run(async (session) => {
        const startedAt = performance.now()
        return { rows: await session.execute(statement, options), ms: performance.now() - startedAt }
      })
      const groups = toGroups(column, rows)
      if (groups.keys.length > 0) yield groups
      if (groups.keys.length < limit) return
      after = String(groups.keys[groups.keys.length - 1])
      const restMs = pace.took(ms)
      if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async *#sorted(index: number, range: GroupRange, signal: AbortSignal): AsyncGenerator<Groups> {
    const column = this.#column(index)
    const lane = this.#lane(index)
    const options = { signal, what: `counting ${column.name}`, deadlineMs: SORT_MS }
    const cursor = sql.raw(`lockstep_groups_${index}`)
    const declared = sql`declare ${cursor} no scroll cursor for ${sortedStatement(column, range)}`
    await lane.run((session) => session.execute(declared, options))
    for (;;) {
      const fetch = sql`fetch ${sql.raw(String(PAGE))} from ${cursor}`
      const rows = Pairs.parse(await lane.run((session) => session.execute(fetch, options)))
      const keys = rows.map(({ k }) => k)
      const values = rows.map(({ n }) => n)
      if (rows.length > 0) {
        yield { keys: column.order === 'number' ? asIntegers(keys) : keys, values: numeric(column, values) }
      }
      if (rows.length < PAGE) return
    }
  }

  #column(index: number): PostgresGroupColumn {
    const column = this.#columns[index]
    if (column === undefined) throw new RangeError(`there is no column ${index}`)
    return column
  }

  #lane(index: number): HeldTransaction<Session> {
    const lane = this.#lanes[this.#laneOf[index] ?? -1]
    if (lane === undefined) throw new RangeError(`there is no column ${index}`)
    return lane.transaction
  }
}

const Cell = z.string().nullable()

function numeric(column: PostgresGroupColumn, values: readonly (string | null)[]): Groups['values'] {
  return column.value === 'number' ? asIntegers(values) : values
}

function toGroups(column: PostgresGroupColumn, rows: readonly ResultRow[]): Groups {
  const [{ k, n, c: count }] = Columnar.parse(rows)
  if (k === null || n === null || count === 0) return { keys: [], values: [] }
  const inner = (text: string) => ({ at: 1, end: text.length - 1, count })
  const keys = column.order === 'number' ? parseIntegerList(k, inner(k)) : undefined
  const values = column.value === 'number' ? parseIntegerList(n, inner(n)) : undefined
  return { keys: keys ?? parseArrayLiteral(k).map((key) => key ?? ''), values: values ?? parseArrayLiteral(n) }
}
