import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { CatalogRelation } from '../catalog/catalog-queries.js'
import type { Session } from '../session/session.js'

const Found = z.tuple([z.object({ found: z.boolean() })])

/** A tree over all rows that begins with the column, and that the server uses. */
export async function hasIndex(
  session: Session,
  {
    relation,
    key,
    collated,
  }: { readonly relation: Pick<CatalogRelation, 'oid'>; readonly key: string; readonly collated: boolean },
): Promise<boolean> {
  const collation = collated
    ? sql`and exists (select from pg_catalog.pg_collation c where c.oid = i.indcollation[0] and c.collname in ('C', 'POSIX'))`
    : sql``
  const rows = await session.execute(sql`select exists (
    select from pg_catalog.pg_index i
    join pg_catalog.pg_class x on x.oid = i.indexrelid join pg_catalog.pg_am m on m.oid = x.relam
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = ${relation.oid}::oid and a.attname = ${key} and m.amname = 'btree' and i.indisvalid
      and (i.indpred is null or pg_catalog.pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname))
      ${collation}) as found`)
  const [{ found }] = Found.parse(rows)
  return found
}

const Estimate = z.tuple([z.object({ rows: z.string() })])

/** Rows of the table, by the server's statistics. */
export async function estimateRows(session: Session, { oid }: Pick<CatalogRelation, 'oid'>): Promise<number> {
  const rows = await session.execute(sql`
    select case when reltuples < 0 then pg_catalog.pg_relation_size(oid) / 100 else reltuples end::int8::text as rows
    from pg_catalog.pg_class where oid = ${oid}::oid`)
  const [found] = Estimate.parse(rows)
  return Number(found.rows)
}
