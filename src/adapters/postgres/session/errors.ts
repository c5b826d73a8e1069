import { DrizzleQueryError } from 'drizzle-orm/errors'
import { DatabaseError } from 'pg'
import { ConfigError, DataError, LockstepError, UnavailableError } from '../../../core/errors.js'
import { scrub } from '../../../core/secret.js'
import { meaningOf } from './sqlstates.js'

/** What was being done, and where, for messages: `reading the catalog` at `postgres://host:5432/app`. */
export interface Doing {
  readonly what: string
  readonly label: string
}

/**
 * Makes the error of `pg`, Drizzle or the network one that the engine can act on. The result holds no row value, no
 * parameter and no credential, in its cause neither, so it may be printed whole. What has no meaning here is a bug or an
 * extension's own error; it comes back as a plain `Error` (exit code 70).
 */
export function translate(error: unknown, doing: Doing): Error {
  if (error instanceof LockstepError) return error
  // Drizzle puts the statement and all its parameters into its message.
  if (error instanceof DrizzleQueryError) return translate(error.cause, doing)
  if (error instanceof DatabaseError) return fromServer(error, doing)
  if (error instanceof Error) return fromNetwork(error, doing)
  return new Error(`${doing.label}: ${doing.what} failed`, { cause: error })
}

const ENDS_SESSION = /^(08|57P0|25P03|25P04|58|XX)/

/** After such an error the server ends the connection, or it cannot be trusted; its outcome may be unknown. */
export function endsSession(error: unknown): boolean {
  if (error instanceof DrizzleQueryError) return endsSession(error.cause)
  return error instanceof DatabaseError && ENDS_SESSION.test(error.code ?? '')
}

/** What the server said, without the parts that may hold row values (`detail`, `where`, the refused value). */
class PostgresError extends Error {
  override readonly name = 'PostgresError'
  constructor(
    message: string,
    readonly sqlstate: string,
    readonly about: Readonly<Record<string, string>>,
  ) {
    super(message)
  }
}

function fromServer(error: DatabaseError, doing: Doing): Error {
  const sqlstate = error.code ?? 'unknown'
  const meaning = meaningOf(sqlstate)
  const about = subjects(error)
  const said = meaning?.quotable === true ? scrub(error.message) : undefined
  const cause = new PostgresError(
    said ?? `SQLSTATE ${sqlstate}; its text is withheld, it may hold row values`,
    sqlstate,
    about,
  )
  const subject = Object.entries(about).map(([name, value]) => `, ${name} ${value}`)
  const head = `${doing.label}: ${doing.what} failed: ${meaning?.code ?? 'unexpected error'} (SQLSTATE ${sqlstate})${subject.join('')}`
  const text = said === undefined ? head : `${head}: ${said}`
  if (meaning === undefined) return new Error(text, { cause })
  if (meaning.kind === 'data') return new DataError(meaning.code, text, { cause })
  if (meaning.kind === 'unavailable') {
    return new UnavailableError(meaning.code, meaning.advice === undefined ? text : `${text}. ${meaning.advice}`, {
      cause,
    })
  }
  const fix = sqlstate === '42501' ? grantFor(error) : meaning.advice
  const message = text.slice(doing.label.length + 2)
  return new ConfigError({ code: meaning.code, key: doing.label, message, fix: fix ?? 'Run `lockstep doctor`.', cause })
}

/** Names, not values: they may be printed. */
function subjects(error: DatabaseError): Record<string, string> {
  const { schema, table, column, constraint, dataType } = error
  const qualified = table === undefined || schema === undefined ? table : `${schema}.${table}`
  const named = { table: qualified, column, constraint, 'data type': dataType }
  return Object.fromEntries(Object.entries(named).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}

const RIGHTS: Readonly<Record<string, string>> = {
  table: 'SELECT, INSERT',
  schema: 'USAGE',
  sequence: 'USAGE',
  function: 'EXECUTE',
  database: 'CONNECT',
}

function grantFor(error: DatabaseError): string {
  const found = /permission denied for (table|schema|sequence|function|database) (\S+)/.exec(error.message)
  const [, kind = '', name = ''] = found ?? []
  const rights = RIGHTS[kind]
  if (rights === undefined) return 'GRANT the role of the URL the rights that `lockstep grants` prints.'
  return `GRANT ${rights} ON ${kind.toUpperCase()} ${name} TO <role>; -- all it needs: lockstep grants`
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-lost',
  ECONNABORTED: 'connection-lost',
  EPIPE: 'connection-lost',
  ETIMEDOUT: 'connection-timeout',
  EHOSTUNREACH: 'host-unreachable',
  ENETUNREACH: 'host-unreachable',
  EADDRNOTAVAIL: 'host-unreachable',
  ENOTFOUND: 'host-unknown',
  EAI_AGAIN: 'host-unknown',
  ENOENT: 'connection-refused',
  EACCES: 'connection-refused',
  EMFILE: 'too-many-files',
  ENFILE: 'too-many-files',
}

/** `pg` gives these no code. The texts are of pg 8.23; errors.int.test.ts notices when they change. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^Connection terminated|not queryable|^timeout expired/, 'connection-lost'],
  [/does not support SSL|establishing an SSL connection/, 'tls-refused'],
  [/^SASL|password must be a string/i, 'password-refused'],
]

const TLS = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|CRL_)/

function fromNetwork(error: Error, doing: Doing): Error {
  const system = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const code =
    NETWORK[system] ?? (TLS.test(system) ? 'tls-failed' : TEXTS.find(([text]) => text.test(error.message))?.[1])
  if (code === undefined) return error
  const why = system === '' ? scrub(error.message) : `${system}${code === 'tls-failed' ? `: ${error.message}` : ''}`
  return new UnavailableError(code, `${doing.label}: ${doing.what} failed: ${code} (${why})`, { cause: error })
}
