import type { MySqlTable } from 'drizzle-orm/mysql-core'
import { DataError } from '../../../core/errors.js'
import type { Values } from '../../../core/upsert.js'
import { type RowGroup, rowGroups, type TableRows } from '../../sql/row-groups.js'
import type { MysqlTableInfo } from '../catalog/catalog.js'
import type { RowAlias } from '../session/row-alias.js'
import { type EncodedRows, roomFor } from './encoded-rows.js'
import type { Problem, Writing } from './literal.js'
import { type UpsertColumn, upsertColumns } from './upsert-column.js'
import { type UpsertStatement, upsertStatement } from './upsert-statement.js'

interface Plan {
  readonly columns: readonly UpsertColumn[]
  readonly carried: ReadonlySet<string>
  readonly statement: UpsertStatement
}

export interface UpsertTableOptions {
  readonly drizzle: MySqlTable | undefined
  /** Properties that rows may carry and that are not written. */
  readonly ignored: ReadonlySet<string>
  readonly alias: RowAlias
  readonly maxPacketBytes: number
  readonly writing: Writing
}

interface Refusal {
  readonly code: string
  readonly why: string
}

/** A table as rows are written to it: how their columns become SQL text, and a statement for each set of columns. */
export class UpsertTable {
  readonly info: MysqlTableInfo
  readonly #options: UpsertTableOptions
  readonly #columns: ReadonlyMap<string, UpsertColumn>
  readonly #key: readonly UpsertColumn[]
  readonly #plans = new Map<string, Plan>()

  constructor(info: MysqlTableInfo, options: UpsertTableOptions) {
    this.info = info
    this.#options = options
    const columns = upsertColumns(info, options.drizzle, options.writing)
    this.#columns = new Map(columns.map((column) => [column.property, column]))
    this.#key = columns.filter(({ key }) => key)
  }

  /** What is to be written, one after the other. Rows that cannot be are noted in `refused`, by item. */
  encode(rows: TableRows, refused: Map<number, DataError>): readonly EncodedRows[] {
    if (rows.rows.length === 0) return []
    const keys = this.#keys(rows.rows)
    const groups = rowGroups(rows, (row) => keys?.get(row) ?? '')
    return groups.flatMap((group) => this.#encodeGroup(keys === undefined ? group : sorted(group, keys), refused))
  }

  /**
   * A text for the key of each row. `undefined` when it cannot be told of all rows which are equal, or when rows of the
   * table point to one another: then they are written as they came, and a deadlock with other lanes is tried again.
   */
  #keys(rows: readonly Values[]): ReadonlyMap<Values, string> | undefined {
    if (this.info.parents.includes(this.info.name)) return undefined
    const keys = new Map<Values, string>()
    for (const row of rows) {
      let key = ''
      for (const column of this.#key) {
        const value = row[column.property]
        const literal = value === undefined ? undefined : column.literal(value)
        const text = typeof literal === 'object' ? column.keyText(literal.sql) : undefined
        // What has no key at all is refused later.
        if (text === undefined && value !== undefined && value !== null) return undefined
        key = this.#key.length === 1 ? (text ?? '') : `${key}${text?.length ?? 0}:${text ?? ''}`
      }
      keys.set(row, key)
    }
    return keys
  }

  #encodeGroup(group: RowGroup, refused: Map<number, DataError>): readonly EncodedRows[] {
    const problem = this.#problem(group.columns)
    if (problem !== undefined) {
      for (const item of group.items) this.#refuse(refused, item, problem)
      return []
    }
    const plan = this.#plan(group)
    const room = roomFor(plan.statement, this.#options.maxPacketBytes)
    const tuples: string[] = []
    const sizes: number[] = []
    const items: number[] = []
    group.rows.forEach((row, at) => {
      const item = group.items[at] ?? 0
      const tuple = this.#tuple(row, plan)
      const size = typeof tuple === 'string' ? bytesAtMost(tuple, room) : 0
      if (typeof tuple !== 'string') this.#refuse(refused, item, tuple)
      else if (size > room) this.#refuse(refused, item, this.#tooLarge())
      else {
        tuples.push(tuple)
        sizes.push(size)
        items.push(item)
      }
    })
    return tuples.length === 0 ? [] : [{ statement: plan.statement, tuples, sizes, items }]
  }

  #tuple(row: Values, { columns, carried }: Plan): string | Refusal {
    let tuple = '('
    for (const column of columns) {
      const { property, insertDefault, updateDefault } = column
      const value = carried.has(property) ? row[property] : (updateDefault ?? insertDefault)?.()
      if (value === null || value === undefined) {
        if (column.key) return keyMissing(column)
        tuple += tuple.length === 1 ? 'null' : ',null'
        continue
      }
      const literal = column.literal(value)
      if (typeof literal === 'string') return refusal(literal, column, value)
      if (column.column.name === this.info.counter) return counterGiven(column)
      tuple += tuple.length === 1 ? literal.sql : `,${literal.sql}`
    }
    return `${tuple})`
  }

  #problem(names: readonly string[]): Refusal | undefined {
    const unknown = names.find((name) => !this.#columns.has(name) && !this.#options.ignored.has(name))
    if (unknown !== undefined) {
      return { code: 'column-unknown', why: `rows carry ${unknown}, which is no column that can be written` }
    }
    const missing = this.#key.find(({ property }) => !names.includes(property))
    return missing === undefined ? undefined : keyMissing(missing)
  }

  #plan({ columns: names }: RowGroup): Plan {
    const signature = names.join('\0')
    const known = this.#plans.get(signature)
    if (known !== undefined) return known
    const carried = new Set(names)
    const columns = [...this.#columns.values()].filter(
      ({ property, insertDefault, updateDefault }) =>
        carried.has(property) || insertDefault !== undefined || updateDefault !== undefined,
    )
    const statement = upsertStatement(this.info, { columns, carried }, this.#options.alias)
    const plan = { columns, carried, statement }
    this.#plans.set(signature, plan)
    return plan
  }

  #refuse(refused: Map<number, DataError>, item: number, { code, why }: Refusal): void {
    if (!refused.has(item)) refused.set(item, new DataError(code, `${this.info.name}: ${why}`))
  }

  #tooLarge(): Refusal {
    const why = `the row is larger than a statement may be (max_allowed_packet is ${this.#options.maxPacketBytes})`
    return { code: 'limit-exceeded', why }
  }
}

/** Counting bytes costs as much as the rest, so that is done only where it matters. */
function bytesAtMost(tuple: string, room: number): number {
  const most = 3 * tuple.length + 1
  return most <= room ? most : Buffer.byteLength(tuple) + 1
}

function sorted({ rows, items, columns }: RowGroup, keys: ReadonlyMap<Values, string>): RowGroup {
  const order = rows.map((row, at) => ({ key: keys.get(row) ?? '', row, at, item: items[at] ?? 0 }))
  // Rows of one key stay as they came.
  order.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.at - b.at))
  return { columns, rows: order.map(({ row }) => row), items: order.map(({ item }) => item) }
}

function keyMissing({ column }: UpsertColumn): Refusal {
  return { code: 'key-missing', why: `key column ${column.name} has no value` }
}

function counterGiven({ column }: UpsertColumn): Refusal {
  const why = `column ${column.name} is numbered by AUTO_INCREMENT and not the key, so a row may not bring its own number`
  return { code: 'second-unique-index', why }
}

function refusal(problem: Problem, { column }: UpsertColumn, value: unknown): Refusal {
  if (problem === 'value-unsupported') {
    return { code: problem, why: `column ${column.name} (${column.type}) cannot hold this ${nameOfType(value)}` }
  }
  const why = `column ${column.name} holds a NUL or half a surrogate pair; set invalidText to strip or escape them`
  return { code: problem, why }
}

function nameOfType(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value
  if (value instanceof Date) return 'Date'
  return Array.isArray(value) ? 'array' : 'object'
}
