import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { ExportRange } from '../../../core/export.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { PASS_MS } from '../digest/read-pass.js'
import type { Session } from '../session/session.js'
import { columnsOf } from './key-range.js'

/** Blocks that are looked into, wherever their rows are: some ten thousand keys. */
const SAMPLED_BLOCKS = 400

const Borders = z.array(z.record(z.string(), z.string()))

/**
 * See `TableExport.cut`. Of a large table some blocks are read, the same ones each time; no index is needed. Of the keys near the
 * place where a border should be, the one with the least hash is taken: mostly the same one when rows have come or gone.
 */
export async function cutByKey(
  session: Session,
  info: PostgresTableInfo,
  { ranges, signal }: { readonly ranges: number; readonly signal: AbortSignal },
): Promise<readonly ExportRange[]> {
  const names = columnsOf(info).map((column, at) => ({ column, name: `c${at}` }))
  const keys = names.map(({ name }) => name).join(', ')
  const filter = info.filter === undefined ? '' : `where (\n${info.filter}\n)`
  const share = sql`least(100, 100.0 * ${SAMPLED_BLOCKS}::int4 * current_setting('block_size')::int8 / greatest(1,
    (select sum(pg_catalog.pg_relation_size(relid)) from pg_catalog.pg_partition_tree(${info.oid}::oid))))::float4`
  const rows = await session.execute(
    sql`
      select distinct on (border) border, ${sql.raw(names.map(({ name }) => `${name}::text as ${name}`).join(', '))} from (
        select *, round(place * ${ranges}::numeric / total) as border from (
        select ${sql.raw(keys)}, row_number() over (order by ${sql.raw(keys)}) as place, count(*) over () as total from (
          select ${sql.raw(names.map(({ column, name }) => `${column} as ${name}`).join(', '))}
          from ${sql.raw(info.qualified)} t tablesample system (${share}) repeatable (0) ${sql.raw(filter)}) as sampled) as placed
      ) as bordered where border between 1 and ${ranges}::int8 - 1 and place < total
        and abs(place * ${ranges}::int8 - border * total) * 8 <= greatest(total, 4 * ${ranges}::int8)
      order by border, md5(row(${sql.raw(names.map(({ name }) => `bordered.${name}`).join(', '))})::text)`,
    { signal, what: 'cutting a table into ranges', deadlineMs: PASS_MS },
  )
  const borders = Borders.parse(rows).map((row) => names.map(({ name }) => row[name] ?? ''))
  return [...borders, undefined].map((upTo, at) => ({ after: borders[at - 1], upTo }))
}
