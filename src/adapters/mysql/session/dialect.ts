import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { DatabaseIdentity } from '../../../core/database.js'
import { ConfigError } from '../../../core/errors.js'
import type { Limits, LiveClient } from './live-client.js'
import type { ExecuteOptions } from './session.js'

/** In what MySQL and MariaDB differ, as far as this adapter is concerned. SQL is made from these facts, not from names. */
export interface Dialect {
  readonly product: 'MySQL' | 'MariaDB'
  /** `VALUES ... AS new ON DUPLICATE KEY UPDATE c = new.c`; without it `VALUES(c)`, which MySQL has deprecated. */
  readonly rowAlias: boolean
  /** `max_statement_time` ends any statement, in seconds; else `max_execution_time` ends SELECTs, in ms. */
  readonly limitsAllStatements: boolean
  /** `idle_transaction_timeout` ends sessions that sit in a transaction. */
  readonly limitsIdleTransactions: boolean
}

/** What a server says of itself when it is asked for its variables. */
export interface ServerFacts {
  readonly identity: DatabaseIdentity
  readonly dialect: Dialect
  /** Bytes of the greatest statement that the server takes. */
  readonly maxPacketBytes: number
  /** `innodb_flush_log_at_trx_commit` is 1: what was committed survives a crash. */
  readonly durable: boolean
}

const OLDEST = { MySQL: [8, 0, 19], MariaDB: [10, 6, 0] } as const

const VARIABLES = [
  'version',
  'server_uuid',
  'server_uid',
  'read_only',
  'max_allowed_packet',
  'max_statement_time',
  'idle_transaction_timeout',
  'innodb_flush_log_at_trx_commit',
] as const

const Variables = z.array(z.object({ Variable_name: z.string(), Value: z.string() }))

/** Asks the server who it is; a `ConfigError` when it is too old. */
export async function askServer(
  client: LiveClient,
  database: string,
  options: ExecuteOptions = {},
): Promise<ServerFacts> {
  const names = sql.join(
    VARIABLES.map((name) => sql`${name}`),
    sql`, `,
  )
  // SHOW, as selecting a variable that this server does not have is an error.
  const { rows } = await client.execute(sql`show variables where variable_name in (${names})`, {
    what: 'asking the server who it is',
    ...options,
  })
  const known = new Map(Variables.parse(rows).map((row) => [row.Variable_name.toLowerCase(), row.Value]))
  return factsOf(known, { label: client.label, database })
}

/** From the server's variables. */
export function factsOf(
  variables: ReadonlyMap<string, string>,
  where: { readonly label: string; readonly database: string },
): ServerFacts {
  const full = variables.get('version') ?? ''
  const product = /mariadb/i.test(full) ? 'MariaDB' : 'MySQL'
  // MariaDB behind some proxies calls itself 5.5.5-10.11.6-MariaDB.
  const [version = full] = /\d+\.\d+\.\d+/.exec(full.replace(/^5\.5\.5-/, '')) ?? []
  if (isOlder(version, OLDEST[product])) throw tooOld(where.label, `${product} ${version}`)
  const server = variables.get('server_uuid') ?? variables.get('server_uid')
  return {
    // Without an identifier a server is known by its address.
    identity: {
      id: `${server === undefined || server === '' ? where.label : server}/${where.database}`,
      version: `${product} ${version}`,
      readOnly: variables.get('read_only')?.toUpperCase() === 'ON',
    },
    dialect: {
      product,
      rowAlias: product === 'MySQL',
      limitsAllStatements: variables.has('max_statement_time'),
      limitsIdleTransactions: variables.has('idle_transaction_timeout'),
    },
    maxPacketBytes: Number(variables.get('max_allowed_packet') ?? 1 << 20),
    durable: variables.get('innodb_flush_log_at_trx_commit') === '1',
  }
}

function isOlder(version: string, oldest: readonly number[]): boolean {
  const parts = version.split('.').map(Number)
  const at = oldest.findIndex((part, index) => (parts[index] ?? 0) !== part)
  return at !== -1 && (parts[at] ?? 0) < (oldest[at] ?? 0)
}

/** Makes the session one in which what is written is what was given, and nothing waits for ever. */
export async function greet(
  client: LiveClient,
  given: { readonly dialect: Dialect; readonly limits: Limits },
  options: ExecuteOptions,
): Promise<void> {
  const settings = Object.entries({ ...SETTINGS, ...timeouts(given.limits, given.dialect) })
  const list = settings.map(([name, value]) => `session ${name} = ${value}`).join(', ')
  const asked = { what: 'setting up the session', ...options }
  await client.execute(sql.raw('set names utf8mb4'), asked)
  await client.execute(sql.raw(`set ${list}`), asked)
  await client.execute(sql.raw('set session transaction isolation level read committed'), asked)
}

/**
 * Escaped literals are only right without NO_BACKSLASH_ESCAPES and ANSI_QUOTES. A key of 0 is stored as 0, not as the next
 * number of AUTO_INCREMENT. What is too long or out of range is an error.
 */
const MODES = [
  'STRICT_ALL_TABLES',
  'NO_ZERO_DATE',
  'NO_ZERO_IN_DATE',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_ENGINE_SUBSTITUTION',
  'NO_AUTO_VALUE_ON_ZERO',
]

const SETTINGS: Readonly<Record<string, string>> = {
  sql_mode: `'${MODES.join(',')}'`,
  time_zone: "'+00:00'",
  autocommit: '1',
  foreign_key_checks: '1',
  unique_checks: '1',
  sql_safe_updates: '0',
}

function timeouts(limits: Limits, dialect: Dialect): Record<string, string> {
  const lockSeconds = String(Math.ceil(limits.lockMs / 1000))
  return {
    innodb_lock_wait_timeout: lockSeconds,
    // For ALTER TABLE and the like; a year by default.
    lock_wait_timeout: lockSeconds,
    ...(dialect.limitsAllStatements
      ? { max_statement_time: String(limits.statementMs / 1000) }
      : { max_execution_time: String(limits.statementMs) }),
    ...(dialect.limitsIdleTransactions
      ? { idle_transaction_timeout: String(Math.ceil(limits.idleTransactionMs / 1000)) }
      : {}),
  }
}

function tooOld(label: string, found: string): ConfigError {
  return new ConfigError({
    code: 'server-too-old',
    key: label,
    message: `the server is ${found}`,
    fix: 'Use MySQL 8.0.19 or later, or MariaDB 10.6 or later.',
  })
}
