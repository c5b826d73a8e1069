import { type LookupAddress, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { ConfigError } from '../../core/errors.js'
import { addressKind } from './address-rules.js'
import { refusal } from './options.js'

/** Names to addresses; the system's, but in tests. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>

export const systemResolve: Resolve = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)))
  })

export interface Reach {
  readonly allowPrivate: boolean
  /** Without TLS. */
  readonly plain: boolean
  readonly origin: string
}

/**
 * The addresses of a host, all of which may be sent to. One that may not refuses them all: whoever answers for the name
 * answers with what suits them, and may answer otherwise the next time.
 */
export async function reachable(host: string, reach: Reach, resolve: Resolve): Promise<readonly LookupAddress[]> {
  const addresses = await resolve(host)
  for (const { address } of addresses) {
    const refused = refusal(addressKind(address), reach)
    if (refused === undefined) continue
    const key = `webhook(${reach.origin})`
    throw new ConfigError({
      code: 'webhook-address-refused',
      key,
      message: `${host} ${refused.message}`,
      fix: refused.fix,
    })
  }
  return addresses
}

/** For the connection itself: what was looked at is what is connected to. */
export function pinnedLookup(reach: Reach, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    reachable(host, reach, resolve).then(
      (addresses) => {
        const [first] = addresses
        if (first === undefined) callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '')
        else if (options.all === true) callback(null, [...addresses])
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
}
