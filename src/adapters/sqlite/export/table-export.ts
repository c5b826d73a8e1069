import { z } from 'zod'
import type { ExportOptions, ExportRange } from '../../../core/export.js'
import type { DeclaredColumns } from '../../sql/drizzle-columns.js'
import { cutBetween, KeySample } from '../../sql/export/cut-keys.js'
import { type RawRow, RowExport, refuseKey } from '../../sql/export/row-export.js'
import { type Place, placeOfQuery, tablePages } from '../canonical/table-pages.js'
import type { ReadableRows } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { SqliteHandle } from '../handle.js'
import type { Statements } from '../session/session.js'
import { exportedColumns, type Stored } from './export-column.js'

/** Keyset pages in one read transaction. */
export function sqliteExport(database: SqliteHandle, rows: ReadableRows, declared: DeclaredColumns): RowExport<Stored> {
  const label = `${database.label} ${rows.name}`
  const columns = exportedColumns(rows.columns, declared)
  const names = columns.map(({ stored }) => stored)
  const isTable = rows.query === undefined
  const key = rows.key.flatMap((name) => columns.filter(({ stored }) => stored === name))
  return new RowExport({
    label,
    columns,
    key: key.map(({ name }) => name),
    claimed: rows.identity === 'claimed',
    read: (options) => read(database, { rows, names, label }, options),
    readChunks: isTable ? (options) => readChunks(database, { rows, names, label }, options) : undefined,
    cut: isTable ? (ranges, signal) => cut(database, { rows, label }, { ranges, signal }) : undefined,
    sizeOf: (raw) => (typeof raw === 'string' ? raw.length : raw instanceof ArrayBuffer ? 2 * raw.byteLength : 16),
  })
}

interface Asked {
  readonly rows: ReadableRows
  readonly names: readonly string[]
  readonly label: string
}

async function* read(
  database: SqliteHandle,
  { rows, names, label }: Asked,
  { signal, range }: ExportOptions,
): AsyncGenerator<readonly RawRow<Stored>[]> {
  await using snapshot = await database.snapshot({ what: `exporting ${rows.name}`, signal })
  const place = await orderedPlace(snapshot, { rows, label }, signal)
  for await (const page of tablePages(snapshot, place, { columns: names, range, signal })) {
    yield page.map(({ values }) => values)
  }
}

/** Each page is one statement, and no transaction is open between two. */
async function* readChunks(
  database: SqliteHandle,
  { rows, names, label }: Asked,
  { signal, range }: ExportOptions,
): AsyncGenerator<readonly RawRow<Stored>[]> {
  const place = await orderedPlace(database.session, { rows, label }, signal)
  for await (const page of tablePages(database.session, place, { columns: names, range, signal })) {
    yield page.map(({ values }) => values)
  }
}

/** All keys are read once, in one snapshot. */
async function cut(
  database: SqliteHandle,
  asked: Pick<Asked, 'rows' | 'label'>,
  { ranges, signal }: { readonly ranges: number; readonly signal: AbortSignal },
): Promise<readonly ExportRange[]> {
  await using snapshot = await database.snapshot({ what: 'cutting a table into ranges', signal })
  const place = await orderedPlace(snapshot, asked, signal)
  const sample = new KeySample()
  for await (const page of tablePages(snapshot, place, { columns: [], signal })) {
    sample.add(page.map(({ texts }) => texts))
  }
  return cutBetween(sample.keys, ranges)
}

const Some = z.array(z.unknown())

/** A query is run into a temporary table in the order of its key; of a table the key says the place. */
async function orderedPlace(
  snapshot: Statements,
  { rows, label }: Pick<Asked, 'rows' | 'label'>,
  signal: AbortSignal,
): Promise<Place> {
  const order = rows.key.map(quoteIdentifier)
  if (rows.query !== undefined) {
    // By bytes, so that equal keys stand together.
    const byBytes = order.map((name) => `${name} collate binary`)
    return placeOfQuery(snapshot, rows, { query: rows.query, order: byBytes, signal })
  }
  const source = quoteIdentifier(rows.name)
  // The columns of a primary key may be NULL in SQLite, and a row that has no place would be passed by.
  const missing = `select 1 from ${source} where ${order.map((name) => `${name} is null`).join(' or ')} limit 1`
  const found = await snapshot.execute(missing, [], { what: 'looking for rows without a key', signal })
  refuseKey(label, rows.key, { missing: Some.parse(found.rows).length > 0, repeated: false })
  return { source, names: rows.key, where: rows.where }
}
