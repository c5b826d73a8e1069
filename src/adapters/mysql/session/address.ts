import { isIP } from 'node:net'
import type { SslOptions } from 'mysql2'
import { ConfigError } from '../../../core/errors.js'
import type { Secret } from '../../../core/secret.js'

/** Where a server is and how to log in, with the credentials out of sight. */
export interface Address {
  /** `mysql://host:3306/app` */
  readonly label: string
  readonly database: string
  readonly tls: 'verified' | 'unverified' | 'off'
  /** The server is on this machine: nothing goes over a network. */
  readonly local: boolean
  readonly host: string
  readonly port: number
  /** What `mysql2` needs to log in; the only place where the password is given out. */
  login(): Login
}

export interface Login {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly password?: string
  readonly ssl?: SslOptions
}

export interface TlsOptions {
  /** See `MysqlOptions.insecureTls`. */
  readonly insecureTls: boolean | 'plaintext'
  /** PEM text of the certificate authorities to trust instead of the system's. */
  readonly ca?: string
}

const MODE = 'ssl-mode'
const STRONG = new Set(['preferred', 'required', 'verify_ca', 'verify_identity'])
const EXAMPLE = 'Write it as mysql://user:password@host:3306/database'

/** Reads the URL; a `ConfigError` that never repeats it, as it may hold a password. */
export function parseAddress(secret: Secret, options: TlsOptions): Address {
  const url = parseUrl(secret)
  const mode = checkedMode(url)
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1') || 'localhost'
  const port = Number(url.port || 3306)
  const user = decoded(url.username)
  const database = decoded(url.pathname.slice(1))
  if (user === '') throw wrong('has no user', `${EXAMPLE}.`)
  if (database === '') throw wrong('has no database', `${EXAMPLE}.`)
  const ssl = tlsFor(host, mode, options)
  const password = url.password === '' ? undefined : decoded(url.password)
  return {
    label: `mysql://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`,
    database,
    host,
    port,
    tls: ssl === undefined ? 'off' : ssl.rejectUnauthorized === false ? 'unverified' : 'verified',
    local: isLocal(host),
    login: () => ({
      host,
      port,
      user,
      database,
      ...(password === undefined ? {} : { password }),
      ...(ssl === undefined ? {} : { ssl }),
    }),
  }
}

function parseUrl(secret: Secret): URL {
  const text = secret.reveal()
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^(mysql|mariadb):$/.test(url.protocol)) return url
  throw wrong('is not a URL that starts with mysql://', `${EXAMPLE}; percent-encode special characters.`)
}

function checkedMode(url: URL): string | undefined {
  const unknown = [...url.searchParams.keys()].filter((name) => name !== MODE)
  if (unknown.length === 0) return url.searchParams.get(MODE)?.toLowerCase()
  throw wrong(
    `has parameters that are not known: ${unknown.join(', ')}`,
    'Remove them; give options as the second argument of mysql().',
  )
}

function tlsFor(host: string, mode: string | undefined, options: TlsOptions): SslOptions | undefined {
  if (mode !== undefined && !STRONG.has(mode) && !isLocal(host) && options.insecureTls === false) {
    const fix =
      "Remove ssl-mode, or allow it in the config with mysql(url, { insecureTls: true }) (encrypted, not verified) or { insecureTls: 'plaintext' }."
    throw wrong(`asks with ssl-mode=${mode} for a connection that is not verified`, fix)
  }
  if (options.insecureTls === 'plaintext') return undefined
  if (options.insecureTls) return { rejectUnauthorized: false }
  const wanted = mode !== undefined && STRONG.has(mode) && mode !== 'preferred'
  if (isLocal(host) && !wanted && options.ca === undefined) return undefined
  if (isIP(host) !== 0 && !isLocal(host)) throw unverifiable()
  // `mysql2` checks the host name only when it is told to.
  return { rejectUnauthorized: true, verifyIdentity: true, ...(options.ca === undefined ? {} : { ca: options.ca }) }
}

/** `mysql2` compares the certificate with `localhost` when it connects to an IP address. */
function unverifiable(): ConfigError {
  return wrong(
    'names the server by its IP address, for which mysql2 cannot verify a certificate',
    'Use the host name that is in the certificate, or allow an unverified connection with mysql(url, { insecureTls: true }).',
  )
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong('has a "%" that is not followed by two hexadecimal digits', 'Write a percent sign as %25.')
  }
}

function wrong(problem: string, fix: string): ConfigError {
  return new ConfigError({ code: 'url-invalid', key: 'mysql(url)', message: `the URL ${problem}`, fix })
}
