import type { Config } from '../../config/define-config.js'
import { ConfigError } from '../../core/errors.js'
import { Secret } from '../../core/secret.js'
import type { Access } from '../../serve/security/access.js'

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 4680

/**
 * Where to serve, and for whom: `listen` of the command line, else of the config; the token of the config, else
 * LOCKSTEP_TOKEN, so that it is never on a command line, which others can read.
 */
export function serveAccess(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  listen: string | undefined,
): Access {
  const { serve = {} } = config
  const token = serve.token ?? (env['LOCKSTEP_TOKEN'] || undefined)
  return {
    ...parseAddress(listen ?? serve.listen),
    token: typeof token === 'string' ? new Secret(token) : token,
    names: serve.names ?? [],
  }
}

/** `host:port`, `[::1]:4680` or a port. */
export function parseAddress(text: string | undefined): { readonly host: string; readonly port: number } {
  if (text === undefined || text === '') return { host: DEFAULT_HOST, port: DEFAULT_PORT }
  if (/^\d+$/.test(text)) return { host: DEFAULT_HOST, port: portOf(text, text) }
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d+))$/i.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined || port === undefined) throw invalid(text)
  return { host, port: portOf(port, text) }
}

function portOf(digits: string, text: string): number {
  const port = Number(digits)
  if (port > 65_535) throw invalid(text)
  return port
}

function invalid(text: string): ConfigError {
  return new ConfigError({
    code: 'serve-listen-invalid',
    key: 'serve.listen',
    message: `${text} is no address to listen on`,
    fix: 'write host and port, such as 127.0.0.1:4680 or [::1]:4680, or a port alone; name flows before --serve',
  })
}
