import { setImmediate } from 'node:timers/promises'
import type { InValue } from '@libsql/client'
import { z } from 'zod'
import { DataError } from '../../../core/errors.js'
import type { ExportRange } from '../../../core/export.js'
import type { ReadableRows } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { Statements } from '../session/session.js'
import { decodedValue, encodedRow, type StoredValue } from './stored-values.js'

/** What identifies a row to SQLite itself: its row id, or the primary key of a table without one. */
export interface Place {
  /** As in FROM. */
  readonly source: string
  readonly names: readonly string[]
  /** A condition for the rows that are there. */
  readonly where: string | undefined
}

const Keys = z.array(z.object({ name: z.string(), pk: z.coerce.number() }))
const Kinds = z.array(z.object({ wr: z.coerce.number() }))
const Text = z.tuple([z.object({ v: z.string().nullable() })])

const FIRST_ROWS = 10
const MOST_ROWS = 2_000
const PAGE_CHARACTERS = 4_000_000

export async function placeOf(session: Statements, rows: ReadableRows, signal: AbortSignal): Promise<Place> {
  const { name: table, where } = rows
  if (rows.query !== undefined) return placeOfQuery(session, rows, { query: rows.query, order: [], signal })
  const source = quoteIdentifier(table)
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
    return { source, names: key.map(({ name }) => name), where }
  }
  return { source, names: [rowIdOf(found)], where }
}

/** A database in memory has one connection, so that two queries may be there at once. */
let queries = 0

/**
 * The query is run once: its rows are kept in a temporary table of this connection, which SQLite has in a file of its own
 * and which ends with it. Their places are in the order of `order`, which is SQL.
 */
export async function placeOfQuery(
  session: Statements,
  { columns, where }: ReadableRows,
  { query, order, signal }: { readonly query: string; readonly order: readonly string[]; readonly signal: AbortSignal },
): Promise<Place> {
  const sorted = order.length === 0 ? '' : ` order by ${order.join(', ')}`
  const condition = `${where === undefined ? '' : ` where (\n${where}\n)`}${sorted}`
  queries++
  const name = `lockstep_query_${queries}`
  const text = `create temp table ${name} as select * from (\n${query}\n) q${condition}`
  await session.execute(text, [], { what: 'running the query', signal })
  return { source: `temp.${name}`, names: [rowIdOf(columns)], where: undefined }
}

function rowIdOf(columns: readonly { readonly name: string }[]): string {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
  return ['_rowid_', 'rowid', 'oid'].find((name) => !taken.has(name)) ?? '_rowid_'
}

/** How much of a table has been read with a page, of 1; `undefined`: nobody knows. */
export type ShareOf = (page: readonly Pick<PlacedRow, 'place'>[]) => number | undefined

const Ends = z.tuple([z.object({ least: z.coerce.number().nullable(), greatest: z.coerce.number().nullable() })])

/** Row ids tell it, as they are read in their order; other keys do not. */
export async function sharesOf(session: Statements, { source, names }: Place, signal: AbortSignal): Promise<ShareOf> {
  const [name = ''] = names
  if (!['_rowid_', 'rowid', 'oid'].includes(name)) return () => undefined
  const text = `select min(${name}) as least, max(${name}) as greatest from ${source}`
  const { rows } = await session.execute(text, [], { what: 'reading rows', signal })
  const [{ least, greatest }] = Ends.parse(rows)
  if (least === null || greatest === null || least === greatest) return () => undefined
  return (page) => {
    const [place] = page.at(-1)?.place ?? []
    return (Number(place) - least) / (greatest - least)
  }
}

export interface PlacedRow {
  readonly values: readonly StoredValue[]
  /** The same as `encodedRow` writes them. */
  readonly texts: readonly string[]
  readonly place: readonly InValue[]
}

interface Asked {
  readonly columns: readonly string[]
  readonly signal: AbortSignal
}

interface Within extends Asked {
  /** Places as `texts` has them. Default: all rows. */
  readonly range?: ExportRange | undefined
}

/** The rows of the table in pages of bounded size, in the order of its places. Other work gets a turn between pages. */
export async function* tablePages(
  session: Statements,
  place: Place,
  { range, ...asked }: Within,
): AsyncGenerator<readonly PlacedRow[]> {
  let after = placeIn(place, range?.after)
  const upTo = placeIn(place, range?.upTo)
  for (let limit = FIRST_ROWS; ; ) {
    const page = await nextPage(session, place, { ...asked, after, upTo, limit })
    if (page === 'too-large') {
      limit = Math.ceil(limit / 8)
      continue
    }
    if (page.rows.length > 0) yield page.rows
    if (page.rows.length < limit) return
    after = page.rows.at(-1)?.place ?? []
    const fitting = Math.floor((PAGE_CHARACTERS * page.rows.length) / Math.max(1, page.characters))
    limit = Math.max(1, Math.min(MOST_ROWS, limit * 4, fitting))
    await setImmediate()
  }
}

interface Page {
  readonly rows: readonly PlacedRow[]
  readonly characters: number
}

/** A border of a range, which may come from a queue; empty where there is none. */
function placeIn({ names }: Place, border: readonly string[] | undefined): readonly InValue[] {
  if (border === undefined) return []
  if (border.length !== names.length) throw new RangeError('a border of a range is no key of the table')
  return border.map(decodedValue)
}

interface Next extends Asked {
  readonly after: readonly InValue[]
  readonly upTo: readonly InValue[]
  readonly limit: number
}

/** `too-large`: so many rows are more than SQLite puts into one value. */
async function nextPage(
  session: Statements,
  place: Place,
  { columns, after, upTo, limit, signal }: Next,
): Promise<Page | 'too-large'> {
  const names = place.names.map(quoteIdentifier).join(', ')
  const marks = place.names.map(() => '?').join(', ')
  const beyond = after.length === 0 ? '' : ` and (${names}) > (${marks})`
  const within = upTo.length === 0 ? '' : ` and (${names}) <= (${marks})`
  const source = `${select(columns, place)}${beyond}${within} order by ${names} limit ${limit}`
  try {
    return await page(session, source, { columns, signal, values: [...after, ...upTo] })
  } catch (error) {
    if (error instanceof DataError && error.code === 'value-too-large' && limit > 1) return 'too-large'
    throw error
  }
}

/** The rows at these places, in no order. */
export async function rowsAt(
  session: Statements,
  place: Place,
  { places, ...asked }: Asked & { readonly places: readonly (readonly InValue[])[] },
): Promise<readonly PlacedRow[]> {
  const names = place.names.map(quoteIdentifier).join(', ')
  const tuple = `(${place.names.map(() => '?').join(', ')})`
  const source = `${select(asked.columns, place)} and (${names}) in (values ${places.map(() => tuple).join(', ')})`
  return (await page(session, source, { ...asked, values: places.flat() })).rows
}

/** To be followed by further conditions. */
function select(columns: readonly string[], { names, source, where = 'true' }: Place): string {
  return `select ${encodedRow([...columns, ...names])} as x from ${source} where (\n${where}\n)`
}

async function page(
  session: Statements,
  source: string,
  { columns, signal, values }: Asked & { readonly values: readonly InValue[] },
): Promise<Page> {
  const text = `select group_concat(x, char(10)) as v from (${source})`
  const [{ v }] = Text.parse((await session.execute(text, values, { what: 'reading rows', signal })).rows)
  if (v === null) return { rows: [], characters: 0 }
  const rows = v.split('\n').map((line) => {
    const texts = line.split(',')
    const decoded = texts.map(decodedValue)
    return { values: decoded.slice(0, columns.length), texts, place: decoded.slice(columns.length) }
  })
  return { rows, characters: v.length }
}
