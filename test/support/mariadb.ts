import { randomBytes } from 'node:crypto'
import { type Connection, createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, expect, inject, vi } from 'vitest'
import { type MariadbOptions, MariadbServer } from '../../src/embedded/mariadb/mariadb-server.js'
import type { MariadbPrograms } from '../../src/embedded/mariadb/programs.js'

/** A database that only this test file uses. */
export interface TestMariadb {
  readonly name: string
  /** `mysql://root@127.0.0.1:<port>/<name>`; may be read at once, the database is there before the first test. */
  readonly url: string
  /** The same server, another database or user: `urlOf({ user: 'writer', password: 'x' })`. */
  urlOf(change: { database?: string; user?: string; password?: string }): string
}

function shared(): { readonly url: string; readonly programs: MariadbPrograms } {
  const mariadb = inject('mariadb')
  if (mariadb === undefined)
    throw new Error('MariaDB is not installed: apt-get install mariadb-server-core mariadb-client-core')
  return mariadb
}

/**
 * Call it at the top of a test file, or of a `describe`: makes a fresh database, drops it afterwards, and fails the file
 * when a connection to it is still open then.
 */
export function testMariadb(): TestMariadb {
  const server = shared().url
  const name = `test_${randomBytes(6).toString('hex')}`
  const urlOf: TestMariadb['urlOf'] = ({ database = name, user, password }) => {
    const url = new URL(server)
    url.pathname = `/${database}`
    if (user !== undefined) url.username = user
    if (password !== undefined) url.password = password
    return url.href
  }
  beforeAll(async () => {
    await using client = await plainMariadb(server)
    await client.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  })
  afterAll(async () => {
    await using client = await plainMariadb(server)
    try {
      await expectNoConnection(client, name)
    } finally {
      await client.query(`DROP DATABASE ${name}`)
    }
  })
  return { name, url: urlOf({}), urlOf }
}

async function expectNoConnection(client: PlainMariadb, name: string): Promise<void> {
  const open = 'SELECT id, command, state FROM information_schema.processlist WHERE db = ?'
  // A connection whose client just said goodbye needs a moment to end.
  await vi.waitFor(
    async () => expect(await client.query(open, [name]), `connections left open to ${name}`).toEqual([]),
    { timeout: 20_000, interval: 50 },
  )
}

export type PlainRow = Readonly<Record<string, unknown>>

/** A bare `mysql2` client, for oracles: `await using client = await plainMariadb(url)`. Every value is text. */
export class PlainMariadb implements AsyncDisposable {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
    // Its server may be killed by the test.
    connection.on('error', () => {})
  }

  async query(sql: string, values: readonly unknown[] = []): Promise<readonly PlainRow[]> {
    const [rows] = await this.#connection.query(sql, [...values])
    return rowsOf(rows)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.destroy()
  }
}

export async function plainMariadb(url: string): Promise<PlainMariadb> {
  const connection = await createConnection({
    uri: url,
    charset: 'utf8mb4',
    timezone: 'Z',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    multipleStatements: true,
    typeCast: (field, next) => (field.type === 'BIT' || /BLOB/.test(field.type) ? next() : field.string()),
  })
  return new PlainMariadb(connection)
}

function rowsOf(result: unknown): readonly PlainRow[] {
  return Array.isArray(result) ? result.map((row: unknown) => ({ ...(typeof row === 'object' ? row : {}) })) : []
}

/** Runs the text, of one or more statements, and gives the rows of a single one. */
export async function mariadbQuery(url: string, sql: string): Promise<readonly PlainRow[]> {
  await using client = await plainMariadb(url)
  return client.query(sql)
}

/**
 * A server of the test's own, to be killed or frozen: `await using server = await dedicatedMariadb()`. It keeps what was
 * committed through `kill`.
 */
export async function dedicatedMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  return MariadbServer.start(shared().programs, options)
}

export { FAST_MARIADB } from './mariadb-server.js'
