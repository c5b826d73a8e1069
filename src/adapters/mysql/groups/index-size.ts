import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import type { Session } from '../session/session.js'

/** A record's header and its share of the page's directory. */
const RECORD_BYTES = 5 + 1
/** How full a page is made, with its own header taken off. */
const FILL = 0.92
/** The most that an index takes of one row. */
const MOST_BYTES = 3_072

const FIXED: Readonly<Record<string, number>> = {
  tinyint: 1,
  smallint: 2,
  mediumint: 3,
  int: 4,
  bigint: 8,
  date: 3,
  datetime: 8,
  timestamp: 7,
  uuid: 16,
}

/** Bytes of a value in an index; `undefined`: it can be of any length, and only a part of it could be indexed. */
export function valueBytes({ dataType, type }: MysqlColumn): number | undefined {
  const fixed = FIXED[dataType]
  if (fixed !== undefined) return fixed
  const size = Number(/\((\d+)/.exec(type)?.[1] ?? Number.NaN)
  if (dataType === 'decimal') return Math.ceil(size / 2) + 1
  if (!/^(var)?(char|binary)$/.test(dataType) || size * (/char/.test(dataType) ? 4 : 1) > MOST_BYTES) return undefined
  // Texts are mostly shorter than they may be.
  return /^var/.test(dataType) ? Math.min(size, 16 + size / 4) : size
}

/** About what a secondary index would take: its columns, and the primary key's that are not among them. */
export function indexBytes(rows: number, columns: readonly MysqlColumn[]): number | undefined {
  let width = RECORD_BYTES
  for (const column of columns) {
    const bytes = valueBytes(column)
    if (bytes === undefined) return undefined
    width += bytes + (column.nullable ? 1 / 8 : 0)
  }
  return Math.ceil((rows * width) / FILL / PAGE_BYTES) * PAGE_BYTES
}

const PAGE_BYTES = 16_384

const Table = z.array(z.object({ bytes: z.coerce.number() }))

/** Of the table with its primary key, from the server's statistics. */
export async function tableBytes(
  session: Session,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<number | undefined> {
  const rows = await session.execute(sql`select data_length as bytes from information_schema.tables
    where table_schema = ${schema} and table_name = ${name}`)
  return Table.parse(rows)[0]?.bytes
}
