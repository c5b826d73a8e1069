import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { KeySample, KeySampleRequest, RangeOrder } from '../../../core/key-range.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { Session } from '../session/session.js'
import { PASS_MS } from './read-pass.js'

/** Types whose order is that of the digits that they print. */
const ORDERS: Readonly<Record<string, RangeOrder>> = { int2: 'number', int4: 'number', int8: 'number', uuid: 'uuid' }
/** Blocks that are looked into: some ten thousand keys, wherever their rows are. */
const SAMPLED_BLOCKS = 400

const Found = z.array(z.object({ key: z.string() }))

/** See `TableRef.sampleKeys`. Of a large table some blocks are read, at random; no index is needed. */
export async function sampleKeys(
  session: Session,
  info: PostgresTableInfo,
  { request, signal }: { readonly request: KeySampleRequest; readonly signal: AbortSignal },
): Promise<KeySample | undefined> {
  const column = info.columns.find(({ name }) => name === request.column)
  const order = column?.facts.schema === 'pg_catalog' ? ORDERS[column.facts.name] : undefined
  if (column === undefined || order === undefined) return undefined
  const options = { signal, what: 'sampling keys', deadlineMs: PASS_MS }
  const share = sql`least(100, 100.0 * ${SAMPLED_BLOCKS}::int4 * current_setting('block_size')::int8 / greatest(1,
    (select sum(pg_catalog.pg_relation_size(relid)) from pg_catalog.pg_partition_tree(${info.oid}::oid))))::float4`
  const filter = sql.raw(request.where === undefined ? '' : `where (\n${request.where}\n)`)
  const rows = await session.execute(
    sql`select c::text as key from (
        select c, row_number() over (order by c) as place, count(*) over () as total from (
          select ${sql.raw(quoteIdentifier(column.name))} as c
          from ${sql.raw(info.qualified)} tablesample system (${share}) ${filter}) as sampled) as placed
      where place % greatest(1, total / ${request.keys}::int4) = 0 order by c`,
    options,
  )
  return { order, keys: Found.parse(rows).map(({ key }) => key) }
}
