import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { ConfigError, LockstepError } from '../../../core/errors.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { ExecuteOptions, Session } from '../session/session.js'

/** Raised by whoever changes the tables; the marker row then tells `prepare` to bring older ones up to date. */
export const STATE_VERSION = 1

export type StateTable = 'checkpoints' | 'dead_letters' | 'conflicts' | 'runs'

const TABLES: Readonly<Record<StateTable | 'version', string>> = {
  checkpoints: `flow text NOT NULL, lane text NOT NULL, position text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (flow, lane)`,
  // The item's key may be too long for an index, so its hash identifies it.
  dead_letters: `flow text NOT NULL, item_hash text NOT NULL, item_key text NOT NULL, lane text NOT NULL,
    stage text NOT NULL, code text NOT NULL, reason text NOT NULL, payload text NOT NULL, position text,
    attempts integer NOT NULL, stored_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (flow, item_hash)`,
  conflicts: `flow text NOT NULL, hash text NOT NULL, table_name text NOT NULL, key jsonb NOT NULL,
    incoming jsonb NOT NULL, existing jsonb NOT NULL, decision text NOT NULL, times bigint NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT now(), last_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (flow, hash)`,
  runs: `flow text NOT NULL, run text NOT NULL, started_at timestamptz NOT NULL, heartbeat_at timestamptz NOT NULL,
    record jsonb NOT NULL, PRIMARY KEY (flow, run)`,
  version: `only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), version integer NOT NULL`,
}

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
  const marker = `INSERT INTO ${name}."version" (version) VALUES (${STATE_VERSION}) ON CONFLICT DO NOTHING`
  return [`CREATE SCHEMA IF NOT EXISTS ${name}`, ...tables, marker]
}

/** The least rights on existing state tables. */
export function stateGrants(schema: string, role: string): readonly string[] {
  const name = quoteIdentifier(schema)
  return [
    `GRANT USAGE ON SCHEMA ${name} TO ${role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${name} TO ${role}`,
  ]
}

/** Creates what is missing, once for all who start at the same time. */
export async function prepareState(
  session: Session,
  where: { label: string; schema: string },
  signal: AbortSignal,
): Promise<void> {
  const options = { signal, what: 'preparing the state tables' }
  const found = await lookupState(session, where.schema, options)
  if (found === 'missing') await create(session, where, options)
  else if (found === 'forbidden') throw forbidden(where)
  await checkStateVersion(session, where, options)
}

const Found = z.object({ tables: z.number(), usable: z.boolean() })

/** `missing`: not all tables are there. `forbidden`: they are, and this role may not use them all. */
export async function lookupState(
  session: Session,
  schema: string,
  options: ExecuteOptions,
): Promise<'ready' | 'missing' | 'forbidden'> {
  // The catalog, as to_regclass() fails for a role that may not enter the schema.
  const names = sql.join(
    Object.keys(TABLES).map((name) => sql`${name}`),
    sql`, `,
  )
  const [row] = await session.execute(
    sql`select count(*)::int as tables, coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE')
          and has_table_privilege(c.oid, 'SELECT') and has_table_privilege(c.oid, 'INSERT')
          and has_table_privilege(c.oid, 'UPDATE') and has_table_privilege(c.oid, 'DELETE')), true) as usable
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${schema} and c.relname in (${names})`,
    options,
  )
  const { tables, usable } = Found.parse(row)
  if (tables < Object.keys(TABLES).length) return 'missing'
  return usable ? 'ready' : 'forbidden'
}

async function create(
  session: Session,
  where: { label: string; schema: string },
  options: ExecuteOptions,
): Promise<void> {
  try {
    await session.transaction(async (transaction) => {
      // IF NOT EXISTS fails when two sessions create the same thing at once.
      await transaction.execute(
        sql`select pg_advisory_xact_lock(hashtextextended(${`lockstep state ${where.schema}`}, 0))::text`,
      )
      if ((await lookupState(transaction, where.schema, options)) === 'ready') return
      for (const statement of await missing(transaction, where.schema)) await transaction.execute(sql.raw(statement))
    }, options)
  } catch (cause) {
    if (cause instanceof LockstepError && cause.code === 'permission-denied') throw mayNotCreate(where, cause)
    throw cause
  }
}

/** CREATE SCHEMA IF NOT EXISTS needs the right to create schemas even when there is nothing to do. */
async function missing(session: Session, schema: string): Promise<readonly string[]> {
  const found = await session.execute(sql`select 1 from pg_catalog.pg_namespace where nspname = ${schema}`)
  return stateDdl(schema).slice(found.length === 0 ? 0 : 1)
}

const Version = z.object({ version: z.number() })

/** Throws `ConfigError` when other releases made the tables. */
export async function checkStateVersion(
  session: Session,
  where: { label: string; schema: string },
  options: ExecuteOptions,
): Promise<void> {
  const [row] = await session.execute(sql`select version from ${stateTable(where.schema, 'version')}`, options)
  const version = row === undefined ? 0 : Version.parse(row).version
  if (version === STATE_VERSION) return
  throw new ConfigError({
    code: 'state-version',
    key: where.label,
    message: `the state tables in schema ${where.schema} have version ${version}; this lockstep knows version ${STATE_VERSION}`,
    fix: 'Use the lockstep release that made them, or a newer one; or name another schema with `stateSchema`.',
  })
}

function mayNotCreate(where: { label: string; schema: string }, cause: unknown): ConfigError {
  const statements = [...stateDdl(where.schema), ...stateGrants(where.schema, '<role>')]
  return new ConfigError({
    code: 'state-missing',
    key: where.label,
    message: `the state tables in schema ${where.schema} are missing, and the role of the URL may not create them`,
    fix: `GRANT CREATE ON DATABASE <database> TO <role>; or run as a role that may:\n${statements.join(';\n')};`,
    cause,
  })
}

function forbidden(where: { label: string; schema: string }): ConfigError {
  return new ConfigError({
    code: 'permission-denied',
    key: where.label,
    message: `the role of the URL may not read and write the state tables in schema ${where.schema}`,
    fix: `${stateGrants(where.schema, '<role>').join('; ')};`,
  })
}
