import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, vi } from 'vitest'
import { EmbeddedServer, type ServerOptions } from '../../src/embedded/server.js'
import { FAST_SETTINGS } from './postgres-servers.js'

/** A database that only this test file uses. */
export interface TestDatabase {
  readonly name: string
  /** `postgres://postgres@127.0.0.1:<port>/<name>`; may be read at once, the database is there before the first test. */
  readonly url: string
  /** The same server, another database or user: `urlOf({ user: 'reader', password: 'x' })`. */
  urlOf(change: { database?: string; user?: string; password?: string }): string
}

/**
 * Call it at the top of a test file, or of a `describe`: makes a fresh database on server `a` or `b`, drops it afterwards,
 * and fails the file when a connection to it is still open then.
 */
export function testDatabase(side: 'a' | 'b' = 'a'): TestDatabase {
  const server = inject('postgres')[side]
  const name = `test_${randomBytes(6).toString('hex')}`
  const urlOf: TestDatabase['urlOf'] = ({ database = name, user, password }) => {
    const url = new URL(server)
    url.pathname = `/${database}`
    if (user !== undefined) url.username = user
    if (password !== undefined) url.password = password
    return url.href
  }
  const admin = urlOf({ database: 'postgres' })
  beforeAll(async () => {
    await using client = await plainClient(admin)
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0`)
  })
  afterAll(async () => {
    await using client = await plainClient(admin)
    try {
      await expectNoConnection(client, name)
    } finally {
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`)
    }
  })
  return { name, url: urlOf({}), urlOf }
}

async function expectNoConnection(client: PlainClient, name: string): Promise<void> {
  const open = `SELECT application_name, state, left(query, 200) AS query FROM pg_stat_activity
    WHERE datname = $1 AND backend_type = 'client backend'`
  // A backend whose client just said goodbye needs a moment to end.
  await vi.waitFor(
    async () => {
      const { rows } = await client.query(open, [name])
      expect(rows, `connections left open to ${name}`).toEqual([])
    },
    { timeout: 20_000, interval: 50 },
  )
}

/** A bare `pg` client, for oracles: `await using client = await plainClient(url)`. */
export class PlainClient extends pg.Client implements AsyncDisposable {
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }
}

export async function plainClient(url: string): Promise<PlainClient> {
  const client = new PlainClient({ connectionString: url, application_name: 'oracle' })
  // Its server may be killed by the test.
  client.on('error', () => {})
  await client.connect()
  return client
}

/**
 * A server of the test's own, to be killed or frozen: `await using server = await dedicatedServer()`. It keeps what was
 * committed through `kill` (0.6 s to start); `{ settings: FAST_SETTINGS }` for tests that do not kill it.
 */
export async function dedicatedServer(options: ServerOptions = {}): Promise<EmbeddedServer> {
  const programs = { ...inject('postgresBinaries'), [Symbol.asyncDispose]: async () => {} }
  return EmbeddedServer.start(programs, { ...options, settings: { shared_buffers: '64MB', ...options.settings } })
}

/**
 * Two servers of this test file's own, for what depends on no other transaction being open anywhere in the cluster. Call
 * it at the top of the file; the URLs are there from the first test on.
 */
export function ownSides(): { readonly a: string; readonly b: string } {
  const sides = { a: '', b: '' }
  const servers: EmbeddedServer[] = []
  beforeAll(async () => {
    const [a, b] = await Promise.all([0, 1].map(() => dedicatedServer({ settings: FAST_SETTINGS })))
    if (a === undefined || b === undefined) throw new Error('no servers')
    servers.push(a, b)
    sides.a = a.url()
    sides.b = b.url()
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
  })
  return sides
}

/** One such server; the URL is there from the first test on. */
export function ownServer(): { readonly url: string } {
  const own = { url: '' }
  let server: EmbeddedServer
  beforeAll(async () => {
    server = await dedicatedServer({ settings: FAST_SETTINGS })
    own.url = server.url()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  return own
}

export { FAST_SETTINGS }
