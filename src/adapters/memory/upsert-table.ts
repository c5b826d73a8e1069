import type { Values } from '../../core/upsert.js'

export interface MemoryColumn {
  readonly name: string
  /** Default true. */
  readonly nullable?: boolean
  /** What an insert that leaves the column out stores. Default `null`. */
  readonly default?: unknown
  /** The table whose rows this column refers to, by their first key column. */
  readonly parent?: string
}

/** A table that rows can be upserted into. */
export interface MemoryUpsertTable {
  readonly name: string
  /** The columns that there are. Left out: whatever a row has, all nullable. */
  readonly columns?: readonly MemoryColumn[]
  /** Default key of the table; `table(name, { key })` wins over it. */
  readonly key?: readonly string[]
  /** Why a row can not be stored (a `DataError` code), or `undefined` when it can. */
  readonly refuse?: (row: Values) => string | undefined
}

/** The rows of a table by their keys as text. */
export type StoredRows = Map<string, Values>

/** Key and version of a table as a sink uses it. */
export interface UpsertRule {
  readonly table: MemoryUpsertTable
  readonly key: readonly string[]
  readonly version: string | undefined
}

/** Why a row cannot be stored, whatever else is; a `DataError` code. */
export function refusal(row: Values, { table, key }: UpsertRule): string | undefined {
  if (key.some((name) => row[name] === undefined || row[name] === null)) return 'key-missing'
  const { columns } = table
  if (columns !== undefined) {
    const known = new Set(columns.map(({ name }) => name))
    if (Object.keys(row).some((name) => !known.has(name))) return 'column-unknown'
    if (columns.some(({ name, nullable }) => nullable === false && row[name] === null)) return 'not-null-violation'
  }
  return table.refuse?.(row)
}

/** Inserts a row or updates the one with its key, if it is newer. */
export function upsertRow(rows: StoredRows, row: Values, rule: UpsertRule): void {
  const key = keyOf(rule.key.map((name) => row[name]))
  const stored = rows.get(key)
  if (stored === undefined) rows.set(key, { ...defaults(rule.table), ...present(row) })
  else if (wins(row, stored, rule.version)) rows.set(key, { ...stored, ...present(row) })
}

/** Whether a row refers to one that is not there. `parents`: what may be referred to in a table. */
export function missingParent(
  row: Values,
  { columns = [] }: MemoryUpsertTable,
  parents: (table: string) => ReadonlySet<string>,
): boolean {
  return columns.some(({ name, parent }) => {
    const value = row[name]
    return parent !== undefined && value !== undefined && value !== null && !parents(parent).has(keyOf([value]))
  })
}

/** What a column may refer to: the first value of each key. */
export function referred(rows: StoredRows): ReadonlySet<string> {
  return new Set(Array.from(rows.keys(), (key) => JSON.stringify([first(JSON.parse(key))])))
}

function first(key: unknown): unknown {
  return Array.isArray(key) ? key[0] : key
}

function keyOf(values: readonly unknown[]): string {
  return JSON.stringify(values, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
}

function wins(row: Values, stored: Values, version: string | undefined): boolean {
  if (version === undefined) return true
  const [incoming, existing] = [ordered(row[version]), ordered(stored[version])]
  if (incoming === undefined) return false
  return existing === undefined || incoming > existing
}

/** No version is older than any. */
function ordered(version: unknown): string | number | bigint | undefined {
  if (version instanceof Date) return version.getTime()
  const isOrdered = typeof version === 'string' || typeof version === 'number' || typeof version === 'bigint'
  return isOrdered ? version : undefined
}

function present(row: Values): Values {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined))
}

function defaults({ columns = [] }: MemoryUpsertTable): Values {
  return Object.fromEntries(columns.map((column) => [column.name, column.default ?? null]))
}
