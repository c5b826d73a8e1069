import type { ExportOptions } from '../../../core/export.js'
import type { DeclaredColumns } from '../../sql/drizzle-columns.js'
import { type RawRow, RowExport } from '../../sql/export/row-export.js'
import type { ReadableRows } from '../catalog/catalog.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'
import type { MysqlHandle } from '../handle.js'
import { cutByKey } from './cut-by-key.js'
import { exportedColumns } from './export-column.js'
import { keyColumnOf, rangeCondition } from './key-range.js'
import { textsOf } from './raw-texts.js'
import { readChunks } from './read-chunks.js'

/**
 * One statement in one snapshot: the server reads along the index of the key (or sorts, for a query), and waits while
 * nobody takes rows. Row constructors of keyset pages would not use the index.
 */
export function mysqlExport(database: MysqlHandle, rows: ReadableRows, declared: DeclaredColumns): RowExport<string> {
  const columns = exportedColumns(rows, declared)
  const key = rows.key.flatMap(({ name }) => columns.filter(({ column }) => column.name === name))
  const list = columns.map(({ expression }, at) => `${expression} as c${at}`).join(', ')
  const claimed = rows.identity === 'claimed'
  const label = `${database.label} ${rows.name}`
  return new RowExport({
    label,
    columns,
    key: key.map(({ name }) => name),
    claimed,
    read: (options) => read(database, { rows, list }, options),
    readChunks: claimed ? undefined : (options) => readChunks(database, { rows, list, label }, options),
    cut: claimed ? undefined : (ranges, signal) => cutByKey(database, rows, { ranges, signal }),
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
  { rows, list }: { readonly rows: ReadableRows; readonly list: string },
  { signal, range = {} }: ExportOptions,
): AsyncGenerator<readonly RawRow<string>[]> {
  const claimed = rows.identity === 'claimed'
  const order = rows.key.map((column) => orderOf(column, claimed)).join(', ')
  const within = rangeCondition(rows.key.map(keyColumnOf), range)
  await using pass = await database.pass({ what: `exporting ${rows.name}`, signal })
  for await (const some of pass.stream(`select ${list} from ${rows.source} t where ${within} order by ${order}`)) {
    yield some.map(textsOf)
  }
  pass.finish()
}
