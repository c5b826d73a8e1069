import { type SQL, sql } from 'drizzle-orm'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { printed } from '../digest/lookup.js'
import { sizeOfRow } from '../digest/row-size.js'
import { type ExportedColumn, isSingleLine } from './export-column.js'

export const PAGE_ROWS = 2_000
/** About how many bytes the values of a page have; a larger row is a page of its own. */
const PAGE_BYTES = 1_000_000

/** The key of the last row of a page, as text; `undefined` before the first page. */
export type Place = readonly string[] | undefined

export interface PageQuery {
  readonly info: PostgresTableInfo
  /** SQL for the JSON text of the row `p`. */
  readonly row: string
  readonly separator: string
}

/**
 * One page in the order of the key: `rows`, `text`, `k0`, `k1`, ... of its last row, and how many of its rows are `large`:
 * those are not unpacked, so that with any the page has to be read again, `measured`. A measured page ends where the sizes
 * of its rows sum up to `PAGE_BYTES`, which costs a fifth more.
 */
export function pageSql({ info, row, separator }: PageQuery, after: Place, measured: boolean): SQL {
  const lastKey = info.keyColumns.map((column, index) => `(array_agg(${printed(column, 'p')}))[count(*)] as k${index}`)
  const size = sizeOfRow(info)
  const plain = measured || size === '0'
  const text = plain ? row : `case when p.${SIZE} <= ${LARGE_BYTES} then ${row} end`
  const large = plain ? '0' : `count(*) filter (where p.${SIZE} > ${LARGE_BYTES})::int4`
  const page = pageRows(info, after)
  const rows = size === '0' ? page : measured ? cutBySize(sized(page, size)) : sized(page, size)
  return sql`select count(*)::int4 as rows, string_agg(${sql.raw(text)}, ${separator}) as text,
    ${sql.raw(large)} as large, ${sql.raw(lastKey.join(', '))} from (${rows}) p`
}

const SIZE = '"lockstep size"'
/** So a page that is not measured has at most 8 MB. */
const LARGE_BYTES = 4_000

function pageRows(info: PostgresTableInfo, after: Place): SQL {
  const list = (columns: readonly PostgresColumn[]): SQL =>
    sql.raw(columns.map(({ name }) => `t.${quoteIdentifier(name)}`).join(', '))
  // Not `t.*`, as the role may have no right to columns that are ignored.
  return sql`select ${list(info.columns)} from ${sql.raw(info.qualified)} t ${where(info, after)}
    order by ${list(info.keyColumns)} limit ${sql.raw(String(PAGE_ROWS))}`
}

/** Sizes are known before a value is unpacked. OFFSET 0 keeps them from being computed again for each use. */
function sized(page: SQL, size: string): SQL {
  return sql`select t.*, least(${sql.raw(size)}, 1000000000)::int4 as ${sql.raw(SIZE)} from (${page}) t offset 0`
}

function cutBySize(page: SQL): SQL {
  const [size, bytes] = [sql.raw(`t.${SIZE}`), sql.raw('"lockstep bytes"')]
  return sql`select t.* from (select t.*, sum(${size}) over (rows unbounded preceding) as ${bytes} from (${page}) t) t
    where t.${bytes} <= ${sql.raw(String(PAGE_BYTES))} or t.${bytes} = ${size}`
}

function where({ keyColumns }: PostgresTableInfo, after: Place): SQL {
  if (after === undefined) return sql.empty()
  const names = sql.raw(keyColumns.map(({ name }) => `t.${quoteIdentifier(name)}`).join(', '))
  const values = keyColumns.map((column, index) => keyValue(column, after[index] ?? ''))
  return sql`where (${names}) > (${sql.join(values, sql.raw(', '))})`
}

function keyValue(column: PostgresColumn, text: string): SQL {
  return sql`${text}::text::${sql.raw(column.cast)}`
}

/** A row as the database makes JSON of it. */
export function publishedRow(columns: readonly ExportedColumn[]): string {
  const text = rowToJson(
    columns.map(({ name, column }) => `p.${quoteIdentifier(column.name)} as ${quoteIdentifier(name)}`),
  )
  return columns.every(isSingleLine) ? text : `translate(${text}, E'\\r\\n', '  ')`
}

/** A row as an object whose values `ExportedColumn.decode` takes. */
export function typedRow(columns: readonly ExportedColumn[]): string {
  const text = rowToJson(
    columns.map(({ column, asJson }, index) => {
      const value = asJson ? `p.${quoteIdentifier(column.name)}` : printed(column, 'p')
      return `${value} as c${index}`
    }),
  )
  return columns.every(isSingleLine) ? text : `translate(${text}, E'\\r\\n', '  ')`
}

/** A row as an array of texts. */
export function textRow(columns: readonly ExportedColumn[]): string {
  return `json_build_array(${columns.map(({ column }) => printed(column, 'p')).join(', ')})::text`
}

/** `r.*`, as a column may be called `r`. */
function rowToJson(values: readonly string[]): string {
  return `(select row_to_json(r.*)::text from (select ${values.join(', ')}) r)`
}
