import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { GrantList } from '../../core/diagnosis.js'
import { quotedRole, quoteIdentifier } from '../postgres/catalog/identifiers.js'
import type { PostgresDatabase } from '../postgres/database.js'
import { LIBRARY_SCHEMA, libraryStart, NEEDS, type Need, OWN_SCHEMA, OWN_TABLES } from './queue-schema.js'
import { isComplete, type QueueTable, queueTables } from './queue-tables.js'

const Database = z.tuple([z.object({ name: z.string() })])

/**
 * The least rights that a coordinator and a worker need on the queue, as statements for its owner to run; they may be run
 * again. They create our tables. Where the library's are missing the role is to make them: then they are its own.
 */
export async function queueGrants(database: PostgresDatabase, role: string, signal: AbortSignal): Promise<GrantList> {
  const quoted = quotedRole(role)
  const options = { signal, what: 'looking at the queue' }
  const rows = await database.session.execute(sql`select current_database()::text as name`, options)
  const [{ name }] = Database.parse(rows)
  const tables = await queueTables(database.session, role, options)
  const owned = (need: Need): boolean => tables.some((table) => table.need === need && table.owned)
  const ours = NEEDS.filter((need) => need.schema === OWN_SCHEMA && !owned(need))
  const theirs = NEEDS.filter((need) => need.schema === LIBRARY_SCHEMA && !owned(need))
  return {
    database: database.label,
    statements: [
      `GRANT CONNECT ON DATABASE ${quoteIdentifier(name)} TO ${quoted};`,
      ...(isComplete(tables, OWN_SCHEMA) ? [] : OWN_TABLES.map((statement) => `${statement};`)),
      ...rightsOn(OWN_SCHEMA, ours, quoted),
      ...(isComplete(tables, LIBRARY_SCHEMA) ? rightsOn(LIBRARY_SCHEMA, theirs, quoted) : libraryStart(quoted)),
    ],
  }
}

/** What a role lacks, as statements. */
export function missingRights(tables: readonly QueueTable[], role: string): readonly string[] {
  const schemas = [...new Set(tables.map(({ need }) => need.schema))]
  return schemas.flatMap((schema) =>
    rightsOn(
      schema,
      tables.flatMap(({ need }) => (need.schema === schema ? [need] : [])),
      role,
    ),
  )
}

function rightsOn(schema: string, needs: readonly Need[], role: string): readonly string[] {
  if (needs.length === 0) return []
  const grants = needs.filter(({ both }) => both.length > 0).map((need) => grant(need, need.both, role))
  const coordinators = needs.filter(({ coordinator }) => coordinator.length > 0)
  return [
    `GRANT USAGE ON SCHEMA ${schema} TO ${role};`,
    ...grants,
    ...needs.filter(({ policy }) => policy).flatMap((need) => policyFor(need, role)),
    ...(coordinators.length === 0 ? [] : [`-- the rest on ${schema} is for coordinators: workers do without it`]),
    ...coordinators.map((need) => grant(need, need.coordinator, role)),
  ]
}

function grant({ schema, table }: Need, rights: readonly string[], role: string): string {
  return `GRANT ${rights.join(', ')} ON TABLE ${schema}.${table} TO ${role};`
}

/** The library shows the rows of its tables to nobody but their owner. */
function policyFor({ schema, table }: Need, role: string): readonly string[] {
  const name = `lockstep_${createHash('sha256').update(role).digest('hex').slice(0, 8)}`
  return [
    `DROP POLICY IF EXISTS ${name} ON ${schema}.${table};`,
    `CREATE POLICY ${name} ON ${schema}.${table} TO ${role} USING (true) WITH CHECK (true);`,
  ]
}
