import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'

/** A row of more is fetched with others like it, in groups of bounded size. */
export const INLINE_BYTES = 16_000

/** Types of which a value, printed, has a few dozen bytes. */
const SMALL = new Set(
  `bool int2 int4 int8 oid float4 float8 uuid date time timetz timestamp timestamptz interval inet cidr macaddr macaddr8
   money xid8 pg_lsn name`.split(/\s+/),
)

/** Most that a byte of an uncompressed value becomes as text: an array of small numbers, the digits of a numeric. */
const TEXT_OF_BYTE = 4

/** SQL for about how many bytes a row of `t` has as text; never far below, however well its values are compressed. */
export function sizeOfRow(info: PostgresTableInfo): string {
  const sizes = info.columns.filter((column) => !isSmall(column)).map((column) => `coalesce(${sizeOf(column)}, 0)`)
  return sizes.length === 0 ? '0' : `(${sizes.join(' + ')})`
}

function isSmall({ facts }: PostgresColumn): boolean {
  return facts.kind === 'enum' || (facts.schema === 'pg_catalog' && SMALL.has(facts.name))
}

function sizeOf({ name, facts }: PostgresColumn): string {
  const value = `t.${quoteIdentifier(name)}`
  // These know the length of a compressed value without unpacking it.
  if (facts.name === 'text' || facts.name === 'varchar') return `pg_catalog.octet_length(${value})::int8`
  if (facts.name === 'bytea') return `2 * pg_catalog.octet_length(${value})::int8`
  // Of the other types only the stored size is at hand, which says nothing once it is compressed: then print it.
  return `case when pg_catalog.pg_column_compression(${value}) is null
    then ${TEXT_OF_BYTE} * pg_catalog.pg_column_size(${value})::int8 else pg_catalog.octet_length(${value}::text)::int8 end`
}
