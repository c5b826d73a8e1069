import type { ConnectionOptions } from 'node:tls'
import type { ClientConfig } from 'pg'
import { ConfigError } from '../../../core/errors.js'
import type { Secret } from '../../../core/secret.js'

/** Where a server is and how to log in, with the credentials out of sight. */
export interface Address {
  /** `postgres://host:5432/app` */
  readonly label: string
  readonly database: string
  readonly tls: 'verified' | 'unverified' | 'off'
  /** The server is on this machine: nothing goes over a network. */
  readonly local: boolean
  /** What `pg` needs to connect; the only place where the password is given out. */
  login(): ClientConfig
}

export interface TlsOptions {
  /** See `PostgresOptions.insecureTls`. */
  readonly insecureTls: boolean | 'plaintext'
  /** PEM text of the certificate authorities to trust instead of the system's. */
  readonly ca?: string
}

/** Parameters of a URL that may stay, as they change nothing that is set here. `sslmode` is looked at below. */
const KNOWN = new Set(['sslmode', 'host', 'channel_binding', 'application_name', 'connect_timeout'])
const STRONG = new Set(['prefer', 'require', 'verify-ca', 'verify-full'])

/** Reads the URL; a `ConfigError` that never repeats it, as it may hold a password. */
export function parseAddress(secret: Secret, options: TlsOptions): Address {
  const url = parseUrl(secret)
  const parameters = checkedParameters(url)
  const host = parameters.get('host') ?? bare(decoded(url.hostname)) ?? 'localhost'
  const port = Number(url.port || 5432)
  const user = decoded(url.username)
  const database = decoded(url.pathname.slice(1)) || user
  if (user === '') throw wrong('has no user', 'Write it as postgres://user:password@host:5432/database.')
  const ssl = tlsFor(host, parameters.get('sslmode'), options)
  const password = url.password === '' ? undefined : decoded(url.password)
  return {
    label: `postgres://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`,
    database,
    tls: ssl === false ? 'off' : ssl.rejectUnauthorized === false ? 'unverified' : 'verified',
    local: isLocal(host),
    login: () => ({
      host,
      port,
      user,
      database,
      ssl,
      sslnegotiation: 'postgres',
      enableChannelBinding: parameters.get('channel_binding') === 'require',
      ...(password === undefined ? {} : { password }),
    }),
  }
}

function parseUrl(secret: Secret): URL {
  const text = secret.reveal()
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^postgres(ql)?:$/.test(url.protocol)) return url
  throw wrong(
    'is not a URL that starts with postgres://',
    'Write it as postgres://user:password@host:5432/database; percent-encode special characters.',
  )
}

function checkedParameters(url: URL): URLSearchParams {
  const unknown = [...url.searchParams.keys()].filter((name) => !KNOWN.has(name))
  if (unknown.length === 0) return url.searchParams
  throw wrong(
    `has parameters that are not known: ${unknown.join(', ')}`,
    'Remove them; give options as the second argument of postgres().',
  )
}

function tlsFor(host: string, sslmode: string | undefined | null, options: TlsOptions): false | ConnectionOptions {
  if (sslmode && !STRONG.has(sslmode) && !isLocal(host) && options.insecureTls === false) {
    const fix =
      "Remove sslmode, or allow it in the config with postgres(url, { insecureTls: true }) (encrypted, not verified) or { insecureTls: 'plaintext' }."
    throw wrong(`asks with sslmode=${sslmode} for a connection that is not verified`, fix)
  }
  if (options.insecureTls === 'plaintext') return false
  if (options.insecureTls) return { rejectUnauthorized: false }
  const wanted = sslmode !== undefined && sslmode !== null && STRONG.has(sslmode) && sslmode !== 'prefer'
  if (isLocal(host) && !wanted && options.ca === undefined) return false
  return { rejectUnauthorized: true, ...(options.ca === undefined ? {} : { ca: options.ca }) }
}

function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function bare(host: string): string | undefined {
  return host === '' ? undefined : host.replace(/^\[(.*)\]$/, '$1')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong('has a "%" that is not followed by two hexadecimal digits', 'Write a percent sign as %25.')
  }
}

function wrong(problem: string, fix: string): ConfigError {
  return new ConfigError({ code: 'url-invalid', key: 'postgres(url)', message: `the URL ${problem}`, fix })
}
