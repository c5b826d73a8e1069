import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'
import { nearMisses } from '../../sql/near-misses.js'
import type { Session } from '../session/session.js'
import { type Subject, tableMissing } from './catalog-errors.js'
import { readTableNames } from './catalog-queries.js'
import { quoteIdentifier, type TableName } from './identifiers.js'

const Hidden = z.array(z.object({ schema: z.string() }))

/** Why there is no such table: it may be in a schema that this role must not use. */
export async function missingTable(session: Session, subject: Subject, name: TableName): Promise<ConfigError> {
  const { schema, table } = name
  const meant =
    schema === undefined
      ? sql`n.nspname = any (array(
          select btrim(one, ' "') from unnest(string_to_array(current_setting('search_path'), ',')) one))`
      : sql`n.nspname = ${schema}`
  const rows = await session.execute(sql`
    select n.nspname::text as schema from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname = ${table} and c.relkind = 'r' and ${meant} and not has_schema_privilege(n.oid, 'USAGE') limit 1`)
  const [hidden] = Hidden.parse(rows)
  if (hidden === undefined) return tableMissing(subject, nearMisses(subject.name, await readTableNames(session)))
  return new ConfigError({
    code: 'permission-denied',
    key: subject.name,
    message: `the table is in schema ${hidden.schema}, which this role may not use (${subject.database})`,
    fix: `GRANT USAGE ON SCHEMA ${quoteIdentifier(hidden.schema)} TO <role>; -- all it needs: lockstep grants`,
  })
}
