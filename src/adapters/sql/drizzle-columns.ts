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
