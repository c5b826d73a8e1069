import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { ExecuteOptions, Session } from '../session/session.js'
import { LETTER_COLUMNS, LETTER_INDEXES, upgradeStatements } from './state-upgrades.js'

/** Raised by whoever changes the tables; the marker row then tells `prepareState` to bring older ones up to date. */
export const STATE_VERSION = 6

export type StateTable =
  | 'checkpoints'
  | 'dead_letters'
  | 'conflicts'
  | 'runs'
  | 'check_runs'
  | 'check_findings'
  | 'feed_runs'
  | 'event_log'
  | 'leases'
  | 'fences'

const TABLES: Readonly<Record<StateTable | 'version', string>> = {
  checkpoints: `flow text NOT NULL, lane text NOT NULL, position text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (flow, lane)`,
  // The item's key may be too long for an index, so its hash identifies it. JSON is text here, as jsonb takes no NUL.
  dead_letters: `flow text NOT NULL, item_hash text NOT NULL, item_key text NOT NULL, lane text NOT NULL,
    stage text NOT NULL, code text NOT NULL, reason text NOT NULL, payload text NOT NULL, position text,
    attempts integer NOT NULL, ${LETTER_COLUMNS.join(', ')}, PRIMARY KEY (flow, item_hash)`,
  conflicts: `flow text NOT NULL, hash text NOT NULL, table_name text NOT NULL, key jsonb NOT NULL,
    incoming jsonb NOT NULL, existing jsonb NOT NULL, decision text NOT NULL, times bigint NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT now(), last_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (flow, hash)`,
  runs: `flow text NOT NULL, run text NOT NULL, started_at timestamptz NOT NULL, heartbeat_at timestamptz NOT NULL,
    record jsonb NOT NULL, PRIMARY KEY (flow, run)`,
  // JSON is text here too.
  check_runs: `id text COLLATE "C" PRIMARY KEY, flow text NOT NULL, kind text NOT NULL, started_at timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz, verdict text, exit_code integer,
    differences bigint NOT NULL DEFAULT 0, subject text NOT NULL, found text NOT NULL, outcome text`,
  check_findings: `run_id text COLLATE "C" NOT NULL, number integer NOT NULL, kind text NOT NULL, key text NOT NULL,
    details text NOT NULL, PRIMARY KEY (run_id, number)`,
  feed_runs: `flow text NOT NULL, id text COLLATE "C" NOT NULL, started_at timestamptz NOT NULL, summary text NOT NULL,
    rejections text NOT NULL, PRIMARY KEY (flow, id)`,
  // The id sorts by time.
  event_log: `id text COLLATE "C" PRIMARY KEY, flow text NOT NULL, event text NOT NULL, level text NOT NULL,
    at timestamptz NOT NULL, last_at timestamptz NOT NULL, times bigint NOT NULL, message text NOT NULL, code text,
    subject text`,
  // Without a holder it was given back.
  leases: `flow text PRIMARY KEY, epoch bigint NOT NULL, holder text, instance text, since timestamptz NOT NULL,
    expires_at timestamptz NOT NULL`,
  fences: 'flow text PRIMARY KEY, epoch bigint NOT NULL',
  version: `only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), version integer NOT NULL`,
}

const INDEXES: readonly ((schema: string) => string)[] = [
  (schema) => `event_log_by_flow ON ${schema}.event_log (flow, id)`,
  (schema) => `check_runs_by_time ON ${schema}.check_runs (started_at, id)`,
  (schema) => `check_runs_by_flow ON ${schema}.check_runs (flow, started_at, id)`,
  (schema) => `feed_runs_by_time ON ${schema}.feed_runs (flow, started_at, id)`,
]

/** The state tables by their SQL names, e.g. `"lockstep"."runs"`. */
export function stateTable(schema: string, table: StateTable | 'version'): SQL {
  return sql.raw(`${quoteIdentifier(schema)}.${quoteIdentifier(table)}`)
}

/** Statements that create what is missing; they may be run by hand, by a role that has the right to. */
export function stateDdl(schema: string): readonly string[] {
  const name = quoteIdentifier(schema)
  const tables = Object.entries(TABLES).map(
    ([table, columns]) => `CREATE TABLE IF NOT EXISTS ${name}.${quoteIdentifier(table)} (${columns})`,
  )
  const indexes = [...LETTER_INDEXES, ...INDEXES].map((index) => `CREATE INDEX IF NOT EXISTS ${index(name)}`)
  const marker = `INSERT INTO ${name}."version" (version) VALUES (${STATE_VERSION}) ON CONFLICT DO NOTHING`
  return [`CREATE SCHEMA IF NOT EXISTS ${name}`, ...tables, ...indexes, marker]
}

/** The least rights on existing state tables. */
export function stateGrants(schema: string, role: string): readonly string[] {
  const name = quoteIdentifier(schema)
  return [
    `GRANT USAGE ON SCHEMA ${name} TO ${role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${name} TO ${role}`,
  ]
}

const Found = z.object({ tables: z.number(), marked: z.boolean(), usable: z.boolean() })

/** `missing`: not all tables are there. `partial`: nor are they, but the version is, as in an older release's. `forbidden`: this role may not use them all. */
export async function lookupState(
  session: Session,
  schema: string,
  options: ExecuteOptions,
): Promise<'ready' | 'missing' | 'partial' | 'forbidden'> {
  // The catalog, as to_regclass() fails for a role that may not enter the schema.
  const names = sql.join(
    Object.keys(TABLES).map((name) => sql`${name}`),
    sql`, `,
  )
  const [row] = await session.execute(
    sql`select count(*)::int as tables, coalesce(bool_or(c.relname = 'version'), false) as marked, coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE')
          and has_table_privilege(c.oid, 'SELECT') and has_table_privilege(c.oid, 'INSERT')
          and has_table_privilege(c.oid, 'UPDATE') and has_table_privilege(c.oid, 'DELETE')), true) as usable
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${schema} and c.relname in (${names})`,
    options,
  )
  const { tables, marked, usable } = Found.parse(row)
  if (tables < Object.keys(TABLES).length) return marked && usable ? 'partial' : 'missing'
  return usable ? 'ready' : 'forbidden'
}

const Version = z.object({ version: z.number() })
const Exists = z.object({ exists: z.boolean() })

/** The release's number that the tables carry; `undefined` before there are any. The role must be able to read them. */
export async function readStateVersion(
  session: Session,
  schema: string,
  options: ExecuteOptions,
): Promise<number | undefined> {
  const [found] = await session.execute(
    sql`select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${schema} and c.relname = 'version') as exists`,
    options,
  )
  if (!Exists.parse(found).exists) return undefined
  const [row] = await session.execute(sql`select version from ${stateTable(schema, 'version')}`, options)
  return row === undefined ? undefined : Version.parse(row).version
}

/** What creates the tables or brings them up to this release, given what `readStateVersion` said. */
export function stateStatements(schema: string, version: number | undefined): readonly string[] {
  if (version === undefined || version >= STATE_VERSION) return stateDdl(schema)
  // One transaction, as the marker must not say more than was done.
  const upgrade = upgradeStatements(quoteIdentifier(schema), version, STATE_VERSION)
  return ['BEGIN', ...upgrade, 'COMMIT', ...stateDdl(schema)]
}
