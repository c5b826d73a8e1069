import { ConfigError, LockstepError, UnavailableError } from '../../core/errors.js'
import { scrub } from '../../core/secret.js'

/** What was being done, and where, for messages: `subscribing to $all` at `kurrentdb://host:2113`. */
export interface Doing {
  readonly what: string
  readonly label: string
}

interface Meaning {
  readonly code: string
  /** Without it: waiting may help. */
  readonly fix?: string
}

/** What the server says in the trailer `exception`. */
const EXCEPTIONS: Readonly<Record<string, Meaning>> = {
  'access-denied': { code: 'access-denied' },
  'not-leader': { code: 'not-leader' },
  'stream-deleted': { code: 'stream-deleted', fix: 'Read another stream: a deleted one never comes back.' },
  'persistent-subscription-does-not-exist': {
    code: 'group-missing',
    fix: 'Create the group, or have it created: subscription: { group, create: true }.',
  },
  'persistent-subscription-exists': { code: 'group-exists', fix: 'Leave out create: true.' },
  'persistent-subscription-dropped': { code: 'subscription-dropped' },
  'persistent-subscription-failed': { code: 'subscription-failed' },
  'maximum-subscribers-reached': { code: 'group-full' },
  unsupported: { code: 'server-too-old', fix: 'Update the server: EventStoreDB 21.10 or any KurrentDB.' },
}

/** By the numbers of gRPC. */
const STATUS: Readonly<Record<number, Meaning>> = {
  1: { code: 'connection-lost' },
  2: { code: 'server-failed' },
  3: { code: 'request-refused', fix: 'Correct the filter or the options of the subscription.' },
  4: { code: 'deadline' },
  5: { code: 'group-missing', fix: 'Create the group, or have it created: subscription: { group, create: true }.' },
  7: { code: 'access-denied' },
  8: { code: 'server-busy' },
  10: { code: 'server-failed' },
  12: { code: 'server-too-old', fix: 'Update the server: EventStoreDB 21.10 or any KurrentDB.' },
  13: { code: 'connection-lost' },
  14: { code: 'connection-lost' },
  15: { code: 'server-failed' },
  16: { code: 'access-denied' },
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
  if (said.startsWith('Failed to discover')) return { code: 'connection-refused' }
  if (!('code' in error) || typeof error.code !== 'number') return undefined
  if (error.code === 14 && TLS.test(said)) return { code: 'tls-failed' }
  if (error.code === 14 && said.includes('ECONNREFUSED')) return { code: 'connection-refused' }
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
