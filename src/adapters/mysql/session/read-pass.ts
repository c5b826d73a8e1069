import { type SQL, sql } from 'drizzle-orm'
import type { ClientPool } from '../../sql/client-pool.js'
import type { Dialect } from './dialect.js'
import type { LiveClient, Streamed } from './live-client.js'
import type { ResultRow } from './session.js'

/** A pass over a very large table; the usual limit of a statement is made for small ones. */
const PASS_MS = 6 * 3_600_000
/** How long the reader may think between two pages, in seconds. */
const WRITE_SECONDS = 600
/** So that a sort of some million small rows mostly stays in memory. */
const SORT_BYTES = 32 << 20

export interface PassOptions {
  readonly what: string
  readonly signal: AbortSignal
}

/**
 * One read-only pass over a table in one snapshot, on a connection of its own, which ends with it: it has other limits
 * than the pool's, and a snapshot that is held longer keeps the server from cleaning up.
 */
export class ReadPass implements AsyncDisposable {
  readonly #pool: ClientPool<LiveClient>
  readonly #client: LiveClient
  readonly #options: PassOptions
  #finished = false

  private constructor(pool: ClientPool<LiveClient>, client: LiveClient, options: PassOptions) {
    this.#pool = pool
    this.#client = client
    this.#options = options
  }

  static async open(
    pool: ClientPool<LiveClient>,
    dialect: () => Promise<Dialect>,
    options: PassOptions,
  ): Promise<ReadPass> {
    const pass = new ReadPass(pool, await pool.lease(options.signal), options)
    try {
      await pass.#begin(await dialect())
      return pass
    } catch (error) {
      await pass[Symbol.asyncDispose]()
      throw error
    }
  }

  async execute<Result extends ResultRow>(query: SQL): Promise<readonly Result[]> {
    return (await this.#client.execute<Result>(query, { ...this.#options, deadlineMs: PASS_MS })).rows
  }

  /** Rows as lists of values, as they come. */
  stream(query: string): Streamed {
    return this.#client.stream(query, { ...this.#options, deadlineMs: WRITE_SECONDS * 1_000 })
  }

  /** Goes on in a snapshot of the present, in the same session. */
  async renew(): Promise<void> {
    await this.execute(sql.raw('commit'))
    await this.#snapshot()
  }

  /** Nothing is under way any more: the connection can say goodbye. */
  finish(): void {
    this.#finished = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#finished) await this.#client.close()
    else this.#client.destroy()
    this.#pool.release(this.#client)
  }

  async #begin({ limitsAllStatements }: Dialect): Promise<void> {
    const limit = limitsAllStatements ? `max_statement_time = ${PASS_MS / 1_000}` : `max_execution_time = ${PASS_MS}`
    const settings = [limit, `net_write_timeout = ${WRITE_SECONDS}`, `sort_buffer_size = ${SORT_BYTES}`]
    await this.execute(sql.raw(`set ${settings.map((setting) => `session ${setting}`).join(', ')}`))
    await this.#snapshot()
  }

  async #snapshot(): Promise<void> {
    await this.execute(sql.raw('set transaction isolation level repeatable read'))
    await this.execute(sql.raw('start transaction with consistent snapshot, read only'))
  }
}
