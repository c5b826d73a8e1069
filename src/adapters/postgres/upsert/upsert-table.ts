import type { PgTable } from 'drizzle-orm/pg-core'
import type { Values } from '../../../core/upsert.js'
import type { InvalidText } from '../../sql/clean-text.js'
import { drizzleColumns } from '../../sql/drizzle-columns.js'
import { type RowGroup, rowGroups, rowKey, type TableRows } from '../../sql/row-groups.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { EncodedRows, encodeColumn, keyMissing, type Refusals, refuse } from './encoded-rows.js'
import { Hope } from './hope.js'
import { declaredColumn, namedColumn, type UpsertColumn } from './upsert-column.js'
import { UpsertStatement } from './upsert-statement.js'

interface Plan {
  readonly columns: readonly UpsertColumn[]
  readonly statement: UpsertStatement
}

export interface UpsertTableOptions {
  readonly drizzle: PgTable | undefined
  /** Properties that rows may carry and that are not written. */
  readonly ignored: ReadonlySet<string>
  readonly invalidText: InvalidText
}

/** A table as rows are written to it: how their columns are encoded, and a statement for each set of columns. */
export class UpsertTable {
  readonly info: PostgresTableInfo
  readonly #options: UpsertTableOptions
  readonly #columns: ReadonlyMap<string, UpsertColumn>
  readonly #keyOf: (row: Values) => string
  readonly #hope = new Hope()
  readonly #plans = new Map<string, Plan>()

  constructor(info: PostgresTableInfo, options: UpsertTableOptions) {
    this.info = info
    this.#options = options
    const columns = upsertColumns(info, options.drizzle)
    this.#columns = new Map(columns.map((column) => [column.property, column]))
    this.#keyOf = rowKey(columns.filter(({ key }) => key).map(({ property }) => property))
  }

  /** What is to be written, one statement after the other. Rows that cannot be are noted in `refused`, by item. */
  encode(rows: TableRows, refused: Refusals['refused']): readonly EncodedRows[] {
    const refusals: Refusals = { table: this.info.schema.name, refused }
    return rowGroups(rows, this.#keyOf).flatMap((group) => this.#encodeGroup(group, refusals))
  }

  #encodeGroup(group: RowGroup, refusals: Refusals): readonly EncodedRows[] {
    const problem = this.#problem(group.columns)
    if (problem !== undefined) {
      for (const item of group.items) refuse(refusals, item, problem)
      return []
    }
    const { columns, statement } = this.#plan(group)
    const { invalidText } = this.#options
    const encoded = columns.map((column) => encodeColumn(column, group, { invalidText, refusals }))
    return [new EncodedRows(statement, group.items, encoded)]
  }

  #problem(names: readonly string[]): { code: string; why: string } | undefined {
    const unknown = names.find((name) => !this.#columns.has(name) && !this.#options.ignored.has(name))
    if (unknown !== undefined) {
      return { code: 'column-unknown', why: `rows carry ${unknown}, which is no column that can be written` }
    }
    const missing = [...this.#columns.values()].find(({ key, property }) => key && !names.includes(property))
    return missing === undefined ? undefined : keyMissing(missing.column.name)
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
    const plan = { columns, statement: new UpsertStatement(this.info, { columns, carried }, this.#hope) }
    this.#plans.set(signature, plan)
    return plan
  }
}

function upsertColumns(info: PostgresTableInfo, drizzle: PgTable | undefined): readonly UpsertColumn[] {
  const isKey = new Set(info.schema.key)
  if (drizzle === undefined) return info.columns.map((column) => namedColumn(column, isKey.has(column.name)))
  const inDatabase = new Map(info.columns.map((column) => [column.name, column]))
  return [...drizzleColumns(drizzle).values()].flatMap((declared) => {
    const column = inDatabase.get(declared.name)
    return column === undefined ? [] : [declaredColumn(declared, column, isKey.has(column.name))]
  })
}
