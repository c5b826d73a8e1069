import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { ExecuteOptions, Session } from '../postgres/session/session.js'
import { LIBRARY_SCHEMA, NEEDS, type Need, OWN_SCHEMA, type Right } from './queue-schema.js'

/** A table of the queue that is there, as a role sees it. */
export interface QueueTable {
  readonly need: Need
  /** What the role may do with it: nothing, where it may not enter the schema. */
  readonly may: ReadonlySet<Right>
  readonly owned: boolean
  /** Row security hides its rows from the role. */
  readonly hidden: boolean
}

const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const

const Rows = z.array(
  z.object({ schema: z.string(), name: z.string(), owned: z.boolean(), hidden: z.boolean(), may: z.string() }),
)

/** Those that are there, by the catalog, which tells of schemas that the role may not enter too. A role that does not exist may nothing. */
export async function queueTables(
  session: Session,
  role: string | undefined,
  options: ExecuteOptions,
): Promise<readonly QueueTable[]> {
  const rows = await session.execute(
    sql`
      select n.nspname::text as schema, c.relname::text as name,
        coalesce(pg_has_role(r.oid, c.relowner, 'USAGE'), false) as owned,
        coalesce(c.relrowsecurity and not r.rolsuper and not r.rolbypassrls and not pg_has_role(r.oid, c.relowner, 'USAGE')
          and not exists (select from pg_catalog.pg_policy p, unnest(p.polroles) to_role
            where p.polrelid = c.oid and p.polpermissive and p.polcmd = '*'
              and (to_role = 0 or pg_has_role(r.oid, to_role, 'USAGE'))), true) as hidden,
        coalesce((select string_agg(word, ' ') from unnest(${sql.param(RIGHTS)}::text[]) word
          where has_schema_privilege(r.oid, n.oid, 'USAGE') and has_table_privilege(r.oid, c.oid, word)), '') as may
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        left join pg_catalog.pg_roles r on r.rolname = coalesce(${role ?? null}::text, current_user)
      where n.nspname in (${OWN_SCHEMA}, ${LIBRARY_SCHEMA}) and c.relkind in ('r', 'p', 'v')`,
    options,
  )
  const found = Rows.parse(rows)
  return NEEDS.flatMap((need) => {
    const row = found.find(({ schema, name }) => schema === need.schema && name === need.table)
    if (row === undefined) return []
    const words = new Set(row.may.split(' '))
    const may = new Set(RIGHTS.filter((right) => words.has(right)))
    return [{ need, may, owned: row.owned, hidden: need.policy && row.hidden }]
  })
}

/** All of a schema's tables are there. The library's may be those of an older release, which it brings up to date itself. */
export function isComplete(tables: readonly QueueTable[], schema: Need['schema']): boolean {
  return NEEDS.filter((need) => need.schema === schema).every((need) => tables.some((table) => table.need === need))
}
