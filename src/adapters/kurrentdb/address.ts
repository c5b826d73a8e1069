import { ConfigError } from '../../core/errors.js'
import type { Secret } from '../../core/secret.js'

/** A connection string that was looked at before the client is given it, as the client prints one that it does not like. */
export interface Address {
  /** `kurrentdb://host:2113`, without credentials and options. */
  readonly label: string
  /** `off`: `tls=false`. */
  readonly tls: 'verified' | 'unverified' | 'off'
  /** Every host is this machine: nothing goes over a network. */
  readonly local: boolean
  /** For the client; the only place where the credentials are given out. */
  connectionString(): string
}

/** All that clients of this database know, in lower case. */
const KNOWN = [
  'connectionname',
  'defaultdeadline',
  'discoveryinterval',
  'gossiptimeout',
  'keepaliveinterval',
  'keepalivetimeout',
  'maxdiscoverattempts',
  'nodepreference',
  'throwonappendfailure',
  'tls',
  'tlscafile',
  'tlsverifycert',
  'usercertfile',
  'userkeyfile',
]

/** A server that says nothing is given up after both: 15 s. The client's own defaults make 20 s. */
const KEEP_ALIVE = { keepaliveinterval: 'keepAliveInterval=10000', keepalivetimeout: 'keepAliveTimeout=5000' }

const SHAPE =
  /^(?:esdb|kurrentdb|kurrent|kdb)(\+discover)?:\/\/(?:([^:@/?]+:[^@]+)@)?([A-Za-z0-9_.,:-]+)\/*(?:\?([^?]*))?$/

/** A `ConfigError` never repeats the text, as it may hold a password. */
export function parseAddress(url: Secret): Address {
  const [match, discover = '', credentials, hosts = '', query = ''] = SHAPE.exec(url.reveal().trim()) ?? []
  if (match === undefined) throw wrong('is not a connection string')
  const parameters = parametersOf(query)
  const added = Object.entries(KEEP_ALIVE).flatMap(([name, text]) => (parameters.has(name) ? [] : [text]))
  const text = [query, ...added].filter((part) => part !== '').join('&')
  const scheme = `kurrentdb${discover}://`
  return {
    label: `${scheme}${hosts}`,
    tls:
      parameters.get('tls') === 'false'
        ? 'off'
        : parameters.get('tlsverifycert') === 'false'
          ? 'unverified'
          : 'verified',
    local: hosts.split(',').every((host) => /^(localhost|127\.[\d.]+)(:\d+)?$/.test(host)),
    connectionString: () => `${scheme}${credentials === undefined ? '' : `${credentials}@`}${hosts}?${text}`,
  }
}

function parametersOf(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const part of query.split('&').filter((text) => text !== '')) {
    const [, name = '', value] = /^([A-Za-z_-]+)=([^=]+)$/.exec(part) ?? []
    const key = name.replace(/[_-]/g, '').toLowerCase()
    if (value === undefined || !KNOWN.includes(key)) {
      throw wrong(`has an option that is not known${name === '' ? '' : `: ${name}`}`)
    }
    parameters.set(key, value)
  }
  return parameters
}

function wrong(problem: string): ConfigError {
  return new ConfigError({
    code: 'url-invalid',
    key: 'kurrentdb({ url })',
    message: `the url ${problem}`,
    fix: 'Write it as kurrentdb://user:password@host:2113?tls=true, with the password percent-encoded.',
  })
}
