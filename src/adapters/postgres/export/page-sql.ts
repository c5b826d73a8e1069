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
 * One page in the order of the key: `rows`, `text`, and `k0`, `k1`, ... of its last row. Sizes are summed before a value
 * is unpacked, so that a page of many large rows is never made.
 */
export function pageSql({ info, row, separator }: PageQuery, after: Place): SQL {
  const keys = info.keyColumns.map(({ name }) => `t.${quoteIdentifier(name)}`).join(', ')
  const lastKey = info.keyColumns.map((column, index) => `(array_agg(${printed(column, 'p')}))[count(*)] as k${index}`)
  // Not `t.*`, as the role may have no right to columns that are ignored.
  const columns = info.columns.map(({ name }) => `t.${quoteIdentifier(name)}`).join(', ')
  const page = sql`select ${sql.raw(columns)} from ${sql.raw(info.qualified)} t ${where(info, after)} order by ${sql.raw(keys)} limit ${sql.raw(String(PAGE_ROWS))}`
  return sql`select count(*)::int4 as rows, string_agg(${sql.raw(row)}, ${separator}) as text, ${sql.raw(lastKey.join(', '))}
    from (${bounded(info, page)}) p`
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

function bounded(info: PostgresTableInfo, page: SQL): SQL {
  const size = sizeOfRow(info)
  if (size === '0') return page
  return sql`select t.* from (
      select t.*, sum(t."lockstep size") over (rows unbounded preceding) as "lockstep bytes"
      from (select t.*, least(${sql.raw(size)}, 1000000000)::int4 as "lockstep size" from (${page}) t offset 0) t
    ) t where t."lockstep bytes" <= ${sql.raw(String(PAGE_BYTES))} or t."lockstep bytes" = t."lockstep size"`
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
