import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { ConfigError } from '../../core/errors.js'
import type { Secret } from '../../core/secret.js'

/** Where the server listens, and who may ask it what. */
export interface Access {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Asked for in `Authorization: Bearer`. `undefined`: nobody is asked, which only a loopback address allows. */
  readonly token: Secret | undefined
  /** Names besides `localhost` and addresses by which the server may be called, e.g. `lockstep.example.com`. */
  readonly names: readonly string[]
}

const MIN_TOKEN = 16
const SECRET_BYTES = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Throws a `ConfigError` for what would be open to others. */
export function assertSafe({ host, token }: Access): void {
  if (token !== undefined && token.reveal().length < MIN_TOKEN) {
    throw new ConfigError({
      code: 'serve-token-short',
      key: 'serve.token',
      message: `the token has fewer than ${MIN_TOKEN} characters`,
      fix: 'make a long one, e.g. with `openssl rand -hex 32`',
    })
  }
  if (token !== undefined || isLoopback(host)) return
  throw new ConfigError({
    code: 'serve-token-missing',
    key: 'serve.token',
    message: `${host} can be reached from other machines, and no token is set`,
    fix: 'set LOCKSTEP_TOKEN, e.g. to what `openssl rand -hex 32` prints, or listen on 127.0.0.1',
  })
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

/**
 * Whether a request with this `Host` was meant for this server. A name that somebody else points at this address (DNS
 * rebinding) is refused; an address cannot be pointed elsewhere, so every address is taken.
 */
export function isOwnHost(header: string | undefined, names: readonly string[]): boolean {
  const host = hostOf(header)
  if (host === undefined) return false
  return host === 'localhost' || isIP(host) !== 0 || names.some((name) => name.toLowerCase() === host)
}

/** Without port and brackets, lower case; `undefined` for what is no `Host`. */
function hostOf(header: string | undefined): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? '') ?? []
  return (bracketed ?? plain)?.toLowerCase()
}

/** Compared in constant time, whatever the lengths. */
export function isToken(authorization: string | undefined, token: Secret): boolean {
  const given = /^Bearer (\S{1,1000})$/i.exec(authorization ?? '')?.[1]
  return given !== undefined && timingSafeEqual(SECRET_BYTES(given), SECRET_BYTES(token.reveal()))
}
