import { type SQL, sql } from 'drizzle-orm'

/** Text that changes when a column of the table comes, goes, or gets another name or type. Some 30 µs. */
export function columnsFingerprint(oid: SQL): SQL {
  return sql`(select md5(string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attgenerated, a.attidentity), ',' order by a.attnum))
    from pg_catalog.pg_attribute a where a.attrelid = ${oid} and a.attnum > 0 and not a.attisdropped)`
}
