import { DrizzleQueryError } from 'drizzle-orm/errors'
import { ConfigError, DataError, LockstepError, UnavailableError } from '../../../core/errors.js'
import { scrub } from '../../../core/secret.js'
import { type Meaning, meaningOf } from './errnos.js'

/** What was being done, and where, for messages: `reading the catalog` at `mysql://host:3306/app`. */
export interface Doing {
  readonly what: string
  readonly label: string
}

/**
 * Makes the error of `mysql2`, Drizzle or the network one that the engine can act on. The result holds no row value, no
 * statement and no credential, in its cause neither, so it may be printed whole. What has no meaning here is a bug; it
 * comes back as a plain `Error` (exit code 70).
 */
export function translate(error: unknown, doing: Doing): Error {
  if (error instanceof LockstepError) return error
  // Drizzle and mysql2 put the statement into the error, and with it all values.
  if (error instanceof DrizzleQueryError) return translate(error.cause, doing)
  const server = serverError(error)
  if (server !== undefined) return fromServer(server, doing)
  if (error instanceof Error) return fromNetwork(error, doing)
  return new Error(`${doing.label}: ${doing.what} failed`)
}

/** After such an error the server ends the connection, or another one should be asked. */
export function endsSession(error: unknown): boolean {
  if (error instanceof DrizzleQueryError) return endsSession(error.cause)
  const server = serverError(error)
  if (server === undefined) return error instanceof Error && 'fatal' in error && error.fatal === true
  return server.fatal || meaningOf(server.errno, server.sqlstate)?.ends === true
}

interface ServerError {
  readonly errno: number
  readonly sqlstate: string
  readonly text: string
  readonly fatal: boolean
}

/** What comes in an error packet has a number and an SQLSTATE; everything else is of the client or the network. */
function serverError(error: unknown): ServerError | undefined {
  if (!(error instanceof Error && 'errno' in error && 'sqlState' in error)) return undefined
  const { errno, sqlState } = error
  if (typeof errno !== 'number' || errno < 1000) return undefined
  const text = 'sqlMessage' in error && typeof error.sqlMessage === 'string' ? error.sqlMessage : error.message
  const fatal = 'fatal' in error && error.fatal === true
  return { errno, sqlstate: typeof sqlState === 'string' ? sqlState : '', text, fatal }
}

/** What the server said, without its text when that may hold row values: MySQL quotes them. */
class MysqlError extends Error {
  override readonly name = 'MysqlError'
  constructor(
    message: string,
    readonly errno: number,
    readonly sqlstate: string,
  ) {
    super(message)
  }
}

function fromServer({ errno, sqlstate, text }: ServerError, doing: Doing): Error {
  const meaning = meaningOf(errno, sqlstate)
  const number = `error ${errno}, SQLSTATE ${sqlstate === '' ? 'unknown' : sqlstate}`
  const quotable = meaning !== undefined && meaning.kind !== 'data'
  const said = quotable ? scrub(text) : undefined
  const cause = new MysqlError(said ?? `${number}; its text is withheld, it may hold row values`, errno, sqlstate)
  const subject = meaning?.subject?.exec(text)?.[1]
  const about = subject === undefined ? '' : `, ${subject}`
  const what = `${doing.what} failed: ${meaning?.code ?? 'unexpected error'} (${number})${about}`
  return withMeaning(meaning, said === undefined ? what : `${what}: ${said}`, { doing, cause })
}

function withMeaning(meaning: Meaning | undefined, what: string, about: { doing: Doing; cause: Error }): Error {
  const { doing, cause } = about
  const text = `${doing.label}: ${what}`
  if (meaning === undefined) return new Error(text, { cause })
  const { kind, code, advice } = meaning
  if (kind === 'data') return new DataError(code, text, { cause })
  if (kind === 'unavailable')
    return new UnavailableError(code, advice === undefined ? text : `${text}. ${advice}`, { cause })
  return new ConfigError({ code, key: doing.label, message: what, fix: advice ?? 'Run `lockstep doctor`.', cause })
}

const NETWORK: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection-refused'],
  ['ECONNRESET', 'connection-lost'],
  ['ECONNABORTED', 'connection-lost'],
  ['EPIPE', 'connection-lost'],
  ['ERR_STREAM_DESTROYED', 'connection-lost'],
  ['ERR_STREAM_WRITE_AFTER_END', 'connection-lost'],
  ['PROTOCOL_CONNECTION_LOST', 'connection-lost'],
  ['PROTOCOL_SEQUENCE_TIMEOUT', 'connection-lost'],
  ['ETIMEDOUT', 'connection-timeout'],
  ['EHOSTUNREACH', 'host-unreachable'],
  ['ENETUNREACH', 'host-unreachable'],
  ['EADDRNOTAVAIL', 'host-unreachable'],
  ['ENOTFOUND', 'host-unknown'],
  ['EAI_AGAIN', 'host-unknown'],
  ['EMFILE', 'too-many-files'],
  ['ENFILE', 'too-many-files'],
  ['HANDSHAKE_NO_SSL_SUPPORT', 'tls-refused'],
  ['HANDSHAKE_SSL_ERROR', 'tls-failed'],
  ['AUTH_SWITCH_PLUGIN_ERROR', 'login-refused'],
])

/** `mysql2` gives these no code. The texts are of mysql2 3.24; errors.int.test.ts notices when they change. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/closed state|^Connection lost|packets? out of order|^Server requests authentication/i, 'connection-lost'],
]

const TLS = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|CRL_)/

function fromNetwork(error: Error, doing: Doing): Error {
  const system = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const code =
    NETWORK.get(system) ?? (TLS.test(system) ? 'tls-failed' : TEXTS.find(([text]) => text.test(error.message))?.[1])
  if (code === undefined) return withoutStatement(error, doing)
  const why = system === '' || code.startsWith('tls') ? `${system} ${scrub(error.message)}`.trim() : system
  const cause = new MysqlError(why, 0, '')
  return new UnavailableError(code, `${doing.label}: ${doing.what} failed: ${code} (${why})`, { cause })
}

/** An error of the client library may carry the statement, with all values, in a property. */
function withoutStatement(error: Error, doing: Doing): Error {
  if (!('sql' in error)) return error
  return new Error(`${doing.label}: ${doing.what} failed: ${error.name}`)
}
