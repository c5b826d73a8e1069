import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { DatabaseIdentity } from '../../../core/database.js'
import { ConfigError, LockstepError, UnavailableError } from '../../../core/errors.js'
import type { Limits, LiveClient } from './live-client.js'
import type { ExecuteOptions } from './session.js'

const OLDEST = 140_000

const Facts = z.object({
  version: z.string(),
  number: z.coerce.number(),
  database: z.string(),
  recovery: z.boolean(),
  timeline: z.string().nullable(),
  system: z.string().nullable(),
})

/** Who answers behind a URL. */
export interface PostgresIdentity extends DatabaseIdentity {
  /**
   * False when the role may not run pg_control_system(): then another server with the same database oid and timeline
   * cannot be told apart. The cure is `GRANT EXECUTE ON FUNCTION pg_control_system() TO <role>`.
   */
  readonly exact: boolean
}

// pg_control_checkpoint() lags behind a promotion, so a primary's timeline is read from its WAL position.
const FACTS = (system: boolean) => sql`
  select current_setting('server_version') as version,
    current_setting('server_version_num') as number,
    (select oid::text from pg_database where datname = current_database()) as database,
    pg_is_in_recovery() as recovery,
    case when pg_is_in_recovery() then ${system ? sql`(pg_control_checkpoint()).timeline_id::text` : sql`null`}
      else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int::text end as timeline,
    ${system ? sql`(pg_control_system()).system_identifier::text` : sql`null`} as system`

/** Asks the server who it is; a `ConfigError` when it is older than PostgreSQL 14. */
export async function identify(client: LiveClient, options: ExecuteOptions = {}): Promise<PostgresIdentity> {
  const asking = { what: 'asking the server who it is', ...options }
  const facts = await ask(client, true, asking).catch((error: unknown) => {
    if (!(error instanceof LockstepError && error.code === 'permission-denied')) throw error
    return ask(client, false, asking)
  })
  if (facts.number < OLDEST) throw tooOld(client.label, facts.version)
  // Without its identifier a server is known by its address.
  const server = facts.system ?? client.label
  return {
    id: `${server}/${facts.timeline ?? '?'}/${facts.database}`,
    version: `PostgreSQL ${facts.version}`,
    readOnly: facts.recovery,
    exact: facts.system !== null,
  }
}

async function ask(client: LiveClient, system: boolean, options: ExecuteOptions): Promise<z.infer<typeof Facts>> {
  const { rows } = await client.execute(FACTS(system), options)
  return Facts.parse(rows[0])
}

/**
 * Prepares a new connection: a look at who answers, and its settings, so that the text of a value is exact and the same on
 * every server.
 */
export async function greet(client: LiveClient, limits: Limits, options: ExecuteOptions): Promise<PostgresIdentity> {
  const identity = await identify(client, options)
  await endWithClient(client, options)
  const settings = Object.entries({ ...SETTINGS, ...timeouts(limits) })
  const list = [...settings.map(([name, value]) => sql`set_config(${name}, ${value}, false)`), DURABLE]
  await client.execute(sql`select ${sql.join(list, sql`, `)}`, { what: 'setting up the session', ...options })
  client.timeoutReset()
  return identity
}

const SETTINGS: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  // The text of money.
  lc_monetary: 'C',
  default_transaction_isolation: 'read committed',
}

/** What is acknowledged must be on disk, also where a role or database does without. Stronger settings stay. */
const DURABLE = sql`case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', false) end`

function timeouts(limits: Limits): Record<string, string> {
  return {
    statement_timeout: String(limits.statementMs),
    lock_timeout: String(limits.lockMs),
    idle_in_transaction_session_timeout: String(limits.idleTransactionMs),
  }
}

/** A statement whose client is gone ends; not every operating system offers that. */
async function endWithClient(client: LiveClient, options: ExecuteOptions): Promise<void> {
  const setting = sql`select set_config('client_connection_check_interval', '2s', false)`
  try {
    await client.execute(setting, { what: 'setting up the session', ...options })
  } catch (error) {
    if (!client.usable) throw error
  }
}

/** Remembers who answered first, and refuses anyone else. One for each database handle. */
export class IdentityGuard {
  readonly #label: string
  #known: PostgresIdentity | undefined

  constructor(label: string) {
    this.#label = label
  }

  /** `writer`: also refuses a server that cannot be written to. */
  admit(identity: PostgresIdentity, writer: boolean): void {
    if (writer && identity.readOnly) throw inRecovery(this.#label)
    this.#known ??= identity
    if (this.#known.id !== identity.id) throw changed(this.#label, this.#known.id, identity.id)
  }
}

function tooOld(label: string, version: string): ConfigError {
  return new ConfigError({
    code: 'server-too-old',
    key: label,
    message: `the server is PostgreSQL ${version}`,
    fix: 'Use PostgreSQL 14 or later.',
  })
}

function inRecovery(label: string): UnavailableError {
  const message = `${label}: the server is a standby or still in recovery, so nothing can be written; waiting for a primary`
  return new UnavailableError('in-recovery', message)
}

function changed(label: string, before: string, now: string): ConfigError {
  return new ConfigError({
    code: 'server-changed',
    key: label,
    message: `another server or database answers than before (system/timeline/database ${before}, now ${now}): a failover, a restore or a changed address`,
    fix: 'Make sure that it holds the data you expect, then start again; the flows compare and repair at start.',
  })
}
