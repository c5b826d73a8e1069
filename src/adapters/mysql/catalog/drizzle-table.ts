import { is } from 'drizzle-orm'
import { getTableConfig, MySqlTable } from 'drizzle-orm/mysql-core'
import type { MysqlColumn } from './catalog-queries.js'
import type { TableName } from './identifiers.js'

export function isDrizzleTable(table: unknown): table is MySqlTable {
  return is(table, MySqlTable)
}

export function drizzleTableName(table: MySqlTable): TableName {
  const { schema, name } = getTableConfig(table)
  return { schema, table: name }
}

/** Columns that the Drizzle table has and the database does not; empty when there are none. */
export function drizzleFindings(
  table: MySqlTable,
  catalog: readonly MysqlColumn[],
  ignored: ReadonlySet<string>,
): readonly string[] {
  const actual = new Set(catalog.map((column) => column.name))
  const declared = getTableConfig(table).columns.map((column) => column.name)
  const missing = declared.filter((name) => !actual.has(name) && !ignored.has(name))
  return missing.length > 0 ? [`missing in the database: ${missing.join(', ')}`] : []
}
