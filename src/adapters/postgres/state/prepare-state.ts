import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { ConfigError, LockstepError } from '../../../core/errors.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { ExecuteOptions, Session } from '../session/session.js'
import { lookupState, readStateVersion, STATE_VERSION, stateDdl, stateGrants, stateStatements } from './state-schema.js'
import { upgradeStatements } from './state-upgrades.js'

/** `label`: of the database. */
export interface StatePlace {
  readonly label: string
  readonly schema: string
}

/** Creates what is missing and brings older tables up to date, once for all who start at the same time. */
export async function prepareState(session: Session, where: StatePlace, signal: AbortSignal): Promise<void> {
  const options = { signal, what: 'preparing the state tables' }
  const found = await lookupState(session, where.schema, options)
  if (found === 'forbidden') throw forbidden(where)
  const version = found === 'missing' ? undefined : await readStateVersion(session, where.schema, options)
  if (found === 'ready' && version === STATE_VERSION) return
  if (version !== undefined && version > STATE_VERSION) throw newerState(where, version)
  await bringUp(session, where, options)
}

/** What creates the tables or brings them up to date, and the least rights on them; it may be run again. */
export async function stateGrantStatements(
  session: Session,
  { schema, role }: { readonly schema: string; readonly role: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const options = { signal, what: 'looking at the state tables' }
  const found = await lookupState(session, schema, options)
  const known = found === 'ready' || found === 'partial'
  const version = known ? await readStateVersion(session, schema, options) : undefined
  return [...stateStatements(schema, version), ...stateGrants(schema, role)].map((statement) => `${statement};`)
}

/** Tables of a newer release may mean what this one cannot know. */
export function newerState(where: StatePlace, version: number): ConfigError {
  return new ConfigError({
    code: 'state-version',
    key: where.label,
    message: `the state tables in schema ${where.schema} have version ${version}; this lockstep knows version ${STATE_VERSION}`,
    fix: 'Use the lockstep release that made them, or a newer one; or name another schema with `stateSchema`.',
  })
}

/** Older tables were asked for what only newer ones have. */
export function unpreparedState(where: StatePlace, cause: unknown): ConfigError {
  return new ConfigError({
    code: 'state-unprepared',
    key: where.label,
    message: `the state tables in schema ${where.schema} were made by an older lockstep`,
    fix: 'start a flow with this release, which brings them up to date; `lockstep doctor` says whether its role may',
    cause,
  })
}

async function bringUp(session: Session, where: StatePlace, options: ExecuteOptions): Promise<void> {
  const { schema } = where
  let version: number | undefined
  try {
    await session.transaction(async (transaction) => {
      // IF NOT EXISTS fails when two sessions create the same thing at once.
      await transaction.execute(
        sql`select pg_advisory_xact_lock(hashtextextended(${`lockstep state ${schema}`}, 0))::text`,
      )
      version = await readStateVersion(transaction, schema, options)
      if (version !== undefined && version > STATE_VERSION) throw newerState(where, version)
      const upgrade = version === undefined ? [] : upgradeStatements(quoteIdentifier(schema), version, STATE_VERSION)
      for (const statement of upgrade) await transaction.execute(sql.raw(statement))
      if ((await lookupState(transaction, schema, options)) === 'ready') return
      for (const statement of await missing(transaction, schema)) await transaction.execute(sql.raw(statement))
    }, options)
  } catch (cause) {
    if (!(cause instanceof LockstepError) || cause.code !== 'permission-denied') throw cause
    if (version === undefined) throw mayNotCreate(where, cause)
    throw mayNotUpgrade(where, { version, role: await roleOf(session, options), cause })
  }
}

/** CREATE SCHEMA IF NOT EXISTS needs the right to create schemas even when there is nothing to do. */
async function missing(session: Session, schema: string): Promise<readonly string[]> {
  const found = await session.execute(sql`select 1 from pg_catalog.pg_namespace where nspname = ${schema}`)
  return stateDdl(schema).slice(found.length === 0 ? 0 : 1)
}

function mayNotCreate(where: StatePlace, cause: unknown): ConfigError {
  const statements = [...stateDdl(where.schema), ...stateGrants(where.schema, '<role>')]
  return new ConfigError({
    code: 'state-missing',
    key: where.label,
    message: `the state tables in schema ${where.schema} are missing, and the role of the URL may not create them`,
    fix: `GRANT CREATE ON DATABASE <database> TO <role>; or run as a role that may:\n${statements.join(';\n')};`,
    cause,
  })
}

const Role = z.tuple([z.object({ role: z.string() })])

async function roleOf(session: Session, options: ExecuteOptions): Promise<string> {
  const [{ role }] = Role.parse(await session.execute(sql`select current_user as role`, options))
  return quoteIdentifier(role)
}

interface Outdated {
  readonly version: number
  readonly role: string
  readonly cause: unknown
}

function mayNotUpgrade(where: StatePlace, { version, role, cause }: Outdated): ConfigError {
  const statements = [...stateStatements(where.schema, version), ...stateGrants(where.schema, role)]
  return new ConfigError({
    code: 'state-outdated',
    key: where.label,
    message: `the state tables in schema ${where.schema} have version ${version}, this lockstep needs version ${STATE_VERSION}, and the role of the URL may not alter them`,
    fix: `stop older instances and run as the owner of the tables:\n${statements.join(';\n')};`,
    cause,
  })
}

function forbidden(where: StatePlace): ConfigError {
  return new ConfigError({
    code: 'permission-denied',
    key: where.label,
    message: `the role of the URL may not read and write the state tables in schema ${where.schema}`,
    fix: `${stateGrants(where.schema, '<role>').join('; ')};`,
  })
}
