import { ConfigError, LockstepError, UnavailableError } from '../../core/errors.js'
import { scrub } from '../../core/secret.js'
import { CONNECTING, EXCEPTIONS, type Meaning, STATUS } from './meanings.js'

/** What was being done, and where, for messages: `subscribing to $all` at `kurrentdb://host:2113`. */
export interface Doing {
  readonly what: string
  readonly label: string
}

const TLS = /certificate|self-signed|altnames|\bSSL\b|\bTLS\b|wrong version number|EPROTO/i

/**
 * Makes an error of the client or of gRPC one that the engine can act on. It holds no credential, in its cause neither;
 * what the server said of events is their names only.
 */
export function translate(error: unknown, { what, label }: Doing): Error {
  if (error instanceof LockstepError) return error
  if (!(error instanceof Error)) return new Error(`${label}: ${what} failed`, { cause: error })
  const said = scrub('details' in error && typeof error.details === 'string' ? error.details : error.message)
  const meaning = meaningOf(error, said)
  if (meaning === undefined) return error
  const problem = `${what} failed: ${meaning.code} (${said})`
  const cause = new Error(said)
  if (meaning.fix === undefined) return new UnavailableError(meaning.code, `${label}: ${problem}`, { cause })
  return new ConfigError({ code: meaning.code, key: label, message: problem, fix: meaning.fix, cause })
}

function meaningOf(error: Error, said: string): Meaning | undefined {
  const exception = EXCEPTIONS[exceptionOf(error)]
  if (exception !== undefined) return exception
  // What the client says when gossip brought no node.
  if (said.startsWith('Failed to discover')) return CONNECTING.refused
  if (!('code' in error) || typeof error.code !== 'number') return undefined
  if (error.code === 14 && TLS.test(said)) return CONNECTING.tls
  if (error.code === 14 && said.includes('ECONNREFUSED')) return CONNECTING.refused
  return STATUS[error.code]
}

/** From the client's own class of error, or from the trailers. */
function exceptionOf(error: Error): string {
  if ('type' in error && typeof error.type === 'string') return error.type
  const metadata: unknown = 'metadata' in error ? error.metadata : undefined
  if (typeof metadata !== 'object' || metadata === null || !('get' in metadata)) return ''
  const found: unknown = typeof metadata.get === 'function' ? metadata.get('exception') : undefined
  return Array.isArray(found) ? String(found[0] ?? '') : ''
}
