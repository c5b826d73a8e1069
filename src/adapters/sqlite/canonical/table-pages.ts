import { setImmediate } from 'node:timers/promises'
import type { InValue } from '@libsql/client'
import { z } from 'zod'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { SqliteRow, Statements } from '../session/session.js'

/** What identifies a row to SQLite itself: its row id, or the primary key of a table without one. */
export interface Place {
  readonly table: string
  readonly names: readonly string[]
}

const Keys = z.array(z.object({ name: z.string(), pk: z.coerce.number() }))
const Kinds = z.array(z.object({ wr: z.coerce.number() }))

const MOST_ROWS = 2_000
const PAGE_BYTES = 4_000_000

export async function placeOf(session: Statements, table: string, signal: AbortSignal): Promise<Place> {
  const options = { what: 'reading the catalog', signal }
  const kinds = await session.execute(
    `select wr from pragma_table_list where schema = 'main' and name = ?`,
    [table],
    options,
  )
  const columns = await session.execute('select name, pk from pragma_table_xinfo(?)', [table], options)
  const found = Keys.parse(columns.rows)
  if (Kinds.parse(kinds.rows)[0]?.wr === 1) {
    const key = found.filter(({ pk }) => pk > 0).sort((one, other) => one.pk - other.pk)
    return { table, names: key.map(({ name }) => name) }
  }
  const taken = new Set(found.map(({ name }) => name.toLowerCase()))
  return { table, names: [['_rowid_', 'rowid', 'oid'].find((name) => !taken.has(name)) ?? '_rowid_'] }
}

export interface PlacedRow {
  readonly row: SqliteRow
  readonly place: readonly InValue[]
}

interface Asked {
  readonly columns: readonly string[]
  readonly signal: AbortSignal
}

/** Every row of the table in pages of bounded size, in the order of its places. Other work gets a turn between pages. */
export async function* tablePages(
  session: Statements,
  place: Place,
  { columns, signal }: Asked,
): AsyncGenerator<readonly PlacedRow[]> {
  const names = place.names.map(quoteIdentifier).join(', ')
  const marks = place.names.map(() => '?').join(', ')
  const select = `select ${selectList(columns, place)} from ${quoteIdentifier(place.table)}`
  let after: readonly InValue[] = []
  for (let limit = 100; ; ) {
    const where = after.length === 0 ? '' : ` where (${names}) > (${marks})`
    const page = await session.execute(`${select}${where} order by ${names} limit ${limit}`, after, {
      what: 'reading rows',
      signal,
    })
    const rows = page.rows.map((row) => placed(row, place))
    if (rows.length > 0) yield rows
    if (rows.length < limit) return
    after = rows.at(-1)?.place ?? []
    limit = nextLimit(limit, page.rows)
    await setImmediate()
  }
}

/** The rows at these places, in no order. */
export async function rowsAt(
  session: Statements,
  place: Place,
  { places, ...asked }: Asked & { readonly places: readonly (readonly InValue[])[] },
): Promise<readonly SqliteRow[]> {
  const { columns, signal } = asked
  const names = place.names.map(quoteIdentifier).join(', ')
  const tuple = `(${place.names.map(() => '?').join(', ')})`
  const text = `select ${selectList(columns, place)} from ${quoteIdentifier(place.table)}
    where (${names}) in (values ${places.map(() => tuple).join(', ')})`
  const { rows } = await session.execute(text, places.flat(), { what: 'reading rows', signal })
  return rows
}

function selectList(columns: readonly string[], { names }: Place): string {
  const values = columns.map((name, at) => `${quoteIdentifier(name)} as c${at}`)
  return [...values, ...names.map((name, at) => `${quoteIdentifier(name)} as p${at}`)].join(', ')
}

function placed(row: SqliteRow, { names }: Place): PlacedRow {
  return { row, place: names.map((_, at) => inValue(row[`p${at}`])) }
}

function inValue(value: unknown): InValue {
  const isValue = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
  return isValue || value instanceof ArrayBuffer ? value : null
}

/** As many rows as may be read at once, by the size of those that were. */
function nextLimit(limit: number, rows: readonly SqliteRow[]): number {
  let bytes = rows.length
  for (const row of rows) for (const value of Object.values(row)) bytes += sizeOf(value)
  return Math.max(1, Math.min(MOST_ROWS, limit * 4, Math.floor((PAGE_BYTES * rows.length) / bytes)))
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  return value instanceof ArrayBuffer ? value.byteLength : 8
}
