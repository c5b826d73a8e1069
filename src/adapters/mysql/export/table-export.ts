import type { MySqlTable } from 'drizzle-orm/mysql-core'
import { type RawRow, RowExport } from '../../sql/export/row-export.js'
import type { ReadableRows } from '../catalog/catalog.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'
import type { MysqlHandle } from '../handle.js'
import { exportedColumns } from './export-column.js'

/**
 * One statement in one snapshot: the server reads along the index of the key (or sorts, for a query), and waits while
 * nobody takes rows. Row constructors of keyset pages would not use the index.
 */
export function mysqlExport(
  database: MysqlHandle,
  rows: ReadableRows,
  table: MySqlTable | undefined,
): RowExport<string> {
  const columns = exportedColumns(rows, table)
  const key = rows.key.flatMap(({ name }) => columns.filter(({ column }) => column.name === name))
  const list = columns.map(({ expression }, at) => `${expression} as c${at}`).join(', ')
  const claimed = rows.identity === 'claimed'
  const order = rows.key.map((column) => orderOf(column, claimed)).join(', ')
  const statement = `select ${list} from ${rows.source} t order by ${order}`
  return new RowExport({
    label: `${database.label} ${rows.name}`,
    columns,
    key: key.map(({ name }) => name),
    claimed,
    read: (signal) => read(database, { statement, name: rows.name }, signal),
    sizeOf: (raw) => raw.length,
  })
}

/** Keys that only the config says are in the order of their bytes, so that equal ones stand together. */
function orderOf({ name, collation }: MysqlColumn, claimed: boolean): string {
  const value = `t.${identifier(name)}`
  return claimed && collation !== undefined ? `cast(${value} as binary)` : value
}

async function* read(
  database: MysqlHandle,
  { statement, name }: { readonly statement: string; readonly name: string },
  signal: AbortSignal,
): AsyncGenerator<readonly RawRow<string>[]> {
  await using pass = await database.pass({ what: `exporting ${name}`, signal })
  for await (const rows of pass.stream(statement)) yield rows.map((row) => row.map(textOrNull))
  pass.finish()
}

/** The session has all values as text; numbers that the client has parsed all the same are safe integers or doubles. */
function textOrNull(value: unknown): string | null {
  if (typeof value === 'string' || value === null || value === undefined) return value ?? null
  return String(value)
}
