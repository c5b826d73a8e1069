import { Column, getTableColumns, is, SQL, type Table } from 'drizzle-orm'

/** A column as a Drizzle table of any dialect declares it. */
export interface DrizzleColumn {
  /** Its name in the Drizzle table: `lastSeen`. */
  readonly property: string
  /** Its name in the database: `last_seen`. */
  readonly name: string
  readonly column: Column
  /** `encode` answers what it is given. */
  readonly plain: boolean
  /** A value of the column's TypeScript type as the driver takes it. Throws on some of what is none. */
  encode(value: unknown): unknown
  /** `$default`: the value of an insert that leaves the column out. */
  readonly insertDefault: (() => unknown) | undefined
  /** `$onUpdate`: the value of an update that leaves the column out. */
  readonly updateDefault: (() => unknown) | undefined
}

/** What makes a value of what Drizzle's driver gives: a column, or what `mapWith` was given. */
export interface ValueDecoder {
  readonly columnType?: string
  mapFromDriverValue(value: unknown): unknown
}

/** What Drizzle calls a column that is read, and makes of its values. */
export interface DeclaredColumn {
  readonly property: string
  readonly decoder: ValueDecoder
}

/** By the name in the database; none where no Drizzle table, or select, says what the columns are. */
export type DeclaredColumns = ReadonlyMap<string, DeclaredColumn>

export function declaredColumns(table: Table | undefined): DeclaredColumns {
  if (table === undefined) return new Map()
  const columns = [...drizzleColumns(table).values()]
  return new Map(columns.map(({ name, property, column }) => [name, { property, decoder: column }]))
}

/** By property, in the order of the Drizzle table. */
export function drizzleColumns(table: Table): ReadonlyMap<string, DrizzleColumn> {
  return new Map(
    Object.entries<Column>(getTableColumns(table)).map(([property, column]) => [property, describe(property, column)]),
  )
}

/** SQL as a value (`sql\`now()\``) cannot be one of many in a parameter. */
export function isSqlValue(value: unknown): boolean {
  return is(value, SQL)
}

function describe(property: string, column: Column): DrizzleColumn {
  return {
    property,
    name: column.name,
    column,
    plain: column.mapToDriverValue === Column.prototype.mapToDriverValue,
    encode: (value) => (value === null ? null : column.mapToDriverValue(value)),
    insertDefault: column.defaultFn,
    updateDefault: column.onUpdateFn,
  }
}
