import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { ConfigError } from '../../core/errors.js'
import type { Secret } from '../../core/secret.js'

export interface Address {
  /** Without credentials: `redis://host:6379/0`. */
  readonly label: string
  readonly host: string
  readonly port: number
  readonly db: number
  readonly username: string | undefined
  readonly password: string | undefined
  /** `undefined`: not encrypted. */
  readonly tls: ConnectionOptions | undefined
}

/** Throws `ConfigError`; no part of the URL is in its message. */
export function parseAddress(secret: Secret, ca: string | undefined): Address {
  const url = parseUrl(secret.reveal())
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    throw wrongUrl('this is not the URL of a Redis server')
  }
  if (url.search !== '' || url.hash !== '') throw wrongUrl('the URL has parameters; options are given beside it')
  const [, db] = /^\/?(\d*)$/.exec(url.pathname) ?? []
  if (db === undefined) throw wrongUrl('the path of the URL is not the number of a database')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? 6379 : Number(url.port)
  return {
    label: `${url.protocol}//${url.hostname}:${port}/${Number(db)}`,
    host,
    port,
    db: Number(db),
    username: decoded(url.username),
    password: decoded(url.password),
    // The certificate and its host name are checked; nothing in the URL weakens that.
    tls: url.protocol === 'redis:' ? undefined : tlsOf(host, ca),
  }
}

function tlsOf(host: string, ca: string | undefined): ConnectionOptions {
  // Names are told to the server, addresses must not be.
  return { ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) }
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

function decoded(part: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part)
  } catch {
    throw wrongUrl('user or password of the URL are not percent-encoded')
  }
}

function wrongUrl(message: string): ConfigError {
  return new ConfigError({
    code: 'url-invalid',
    key: 'redis(url)',
    message,
    fix: 'Write redis://user:password@host:6379/0, or rediss:// for TLS; percent-encode what is special in the password.',
  })
}
