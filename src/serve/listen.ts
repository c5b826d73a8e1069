import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { ConfigError } from '../core/errors.js'
import { type App, type AppOptions, createApp } from './app.js'
import type { Desk } from './desk.js'
import { assertSafe } from './security/access.js'

const REQUEST_MS = 20_000
const HEADERS_MS = 10_000
const IDLE_MS = 30_000
const MAX_CONNECTIONS = 512
/** So long running answers may take when the server is closed. */
const CLOSE_MS = 1_000

export interface ServedApp extends AsyncDisposable {
  /** `http://127.0.0.1:4680` */
  readonly url: string
  readonly app: App
}

/** Serves the API. Throws `ConfigError` when it would be open to others without a token, or the port is taken. */
export async function listen(desk: Desk, options: AppOptions): Promise<ServedApp> {
  const { access } = options
  assertSafe(access)
  const connections = new WeakMap<Request, Connection>()
  const app = createApp(desk, { ...options, hangUp: (request) => connections.get(request)?.destroy() })
  const server = httpServer(app, connections)
  try {
    server.listen(access.port, access.host)
    await once(server, 'listening')
  } catch (error) {
    app[Symbol.dispose]()
    throw cannotListen(`${access.host}:${access.port}`, error)
  }
  return { url: urlOf(server, access.host), app, [Symbol.asyncDispose]: () => close(server, app) }
}

interface Connection {
  destroy(): void
}

function httpServer(app: App, connections: WeakMap<Request, Connection>): Server {
  const server = createAdaptorServer({
    fetch: (request, { outgoing }) => {
      connections.set(request, outgoing)
      return app.fetch(request)
    },
    serverOptions: { requestTimeout: REQUEST_MS, headersTimeout: HEADERS_MS, keepAliveTimeout: IDLE_MS },
  })
  if (!('requestTimeout' in server)) throw new TypeError('a server of HTTP/1 was expected')
  server.maxConnections = MAX_CONNECTIONS
  return server
}

function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = isAddress(address) ? address.port : 0
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

/** Streams end first, as they never would by themselves. */
async function close(server: Server, app: App): Promise<void> {
  app[Symbol.dispose]()
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS)
  await closed
  clearTimeout(timer)
}

function cannotListen(where: string, cause: unknown): ConfigError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  const reason = code === 'EADDRINUSE' ? 'another program listens there' : `it cannot be listened on (${code})`
  return new ConfigError({
    code: 'serve-address',
    key: 'serve.listen',
    message: `${where}: ${reason}`,
    fix: 'name another address with --serve or `serve.listen`, such as 127.0.0.1:4681; port 0 takes any that is free',
    cause,
  })
}
