import { UnavailableError } from '../../core/errors.js'
import { storeUnavailable } from './object-errors.js'

const WHY: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of its host is not known; see its address in the config, and DNS',
  EAI_AGAIN: 'no answer of DNS about the name of its host',
  ECONNREFUSED: 'nobody listens at its address',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'the network did not answer in time',
  EHOSTUNREACH: 'there is no way to its host',
  ENETUNREACH: 'there is no way to its network',
}
const TLS = /CERT|^UNABLE_TO_|^ERR_TLS|^ERR_SSL|^EPROTO$/

/** What Node says of a connection; `undefined` when the error is none of it. The code is where all client libraries leave it. */
export function networkError(error: unknown, what: string): Error | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string') return undefined
  if (TLS.test(code)) return untrusted(what, code, error)
  const why = WHY[code]
  return why === undefined ? undefined : storeUnavailable(what, `${why} (${code})`, error)
}

function untrusted(what: string, code: string, cause: unknown): UnavailableError {
  const message = `${what}: its certificate is not trusted, or it speaks no TLS (${code}); name the authority's file in NODE_EXTRA_CA_CERTS, and see the address`
  return new UnavailableError('store-tls', message, { cause })
}
