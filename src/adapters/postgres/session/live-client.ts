import { Socket } from 'node:net'
import { type SQL, sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { UnavailableError } from '../../../core/errors.js'
import type { Address } from './address.js'
import { CopyOut } from './copy-out.js'
import { endsSession, translate } from './errors.js'
import type { ExecuteOptions, ResultField, ResultRow } from './session.js'

/** Time limits of every session, in ms. */
export interface Limits {
  readonly connectMs: number
  readonly statementMs: number
  readonly lockMs: number
  readonly idleTransactionMs: number
}

export interface Answer<Result extends ResultRow> {
  readonly rows: readonly Result[]
  /** The first word of the server's answer: `SELECT`, `COMMIT`, ... */
  readonly command: string
  readonly fields: () => readonly ResultField[]
}

/** How much later than the server's own timeout the client gives up, in ms. */
const MARGIN_MS = 2_000
const CLOSE_MS = 1_000

/**
 * One open connection and its Drizzle handle. `pg` waits for ever on a peer that is silent, so every call has a
 * deadline; when it passes, or the caller aborts, the socket is destroyed: what would come back on it belongs to nobody.
 */
export class LiveClient {
  readonly #socket = new Socket()
  readonly #client: pg.Client
  readonly #drizzle: NodePgDatabase
  readonly #address: Address
  readonly #limits: Limits
  readonly #purpose: string | undefined
  /** Unknown, and of no concern, until the session is set up. */
  #serverTimeoutMs = Number.POSITIVE_INFINITY
  /** Why it was destroyed; `undefined` while it works. */
  #fate: Error | undefined
  #lost = false

  private constructor(address: Address, limits: Limits, purpose: string | undefined) {
    this.#address = address
    this.#limits = limits
    this.#purpose = purpose
    this.#client = new pg.Client({
      ...address.login(),
      application_name: purpose === undefined ? 'lockstep' : `lockstep ${purpose}`.slice(0, 63),
      stream: () => this.#socket,
      keepAlive: true,
    })
    // Without a listener the loss of an idle connection would end the process.
    this.#client.on('error', () => this.#lose())
    this.#client.on('end', () => this.#lose())
    this.#drizzle = drizzle({ client: this.#client })
  }

  /** Connects within `limits.connectMs`; an `UnavailableError` when that fails. */
  static async open(
    address: Address,
    limits: Limits,
    options: { purpose?: string; signal?: AbortSignal },
  ): Promise<LiveClient> {
    const client = new LiveClient(address, limits, options.purpose)
    try {
      await client.#guarded(() => client.#client.connect(), {
        what: 'connecting',
        deadlineMs: limits.connectMs,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      })
      return client
    } catch (error) {
      client.destroy()
      throw error
    }
  }

  /** False once the connection is gone; it then must not be used again. */
  get usable(): boolean {
    return !this.#lost
  }

  get label(): string {
    return this.#address.label
  }

  async execute<Result extends ResultRow>(query: SQL, options?: ExecuteOptions): Promise<Answer<Result>> {
    const deadlineMs = options?.deadlineMs
    if (deadlineMs !== undefined && deadlineMs > this.#serverTimeoutMs) await this.#raiseTimeout(deadlineMs)
    const { rows, command, fields } = await this.#guarded(() => this.#drizzle.execute(query), options)
    return { rows: declared<Result>(rows), command, fields: () => fields.map(fieldOf) }
  }

  /** See `Session.copy`. */
  async *copy(query: string, options?: ExecuteOptions): AsyncGenerator<Buffer> {
    const deadlineMs = options?.deadlineMs
    if (deadlineMs !== undefined && deadlineMs > this.#serverTimeoutMs) await this.#raiseTimeout(deadlineMs)
    if (!this.usable)
      throw this.#fate ?? new UnavailableError('connection-lost', `${this.label}: the connection was lost`)
    const copy = new CopyOut(this.#client.query(copyTo(`copy (${query}) to stdout`, { highWaterMark: COPY_BYTES })))
    try {
      for (;;) {
        const piece = await this.#guarded(() => copy.next(), { ...options, deadlineMs: PIECE_MS })
        if (piece === undefined) return
        yield piece
      }
    } finally {
      if (!copy.done) this.destroy()
    }
  }

  /** The server's statement timeout is that of the limits (again): it was just set, or a rollback took a longer one back. */
  timeoutReset(): void {
    this.#serverTimeoutMs = this.#limits.statementMs
  }

  /** Cuts the connection at once; statements under way fail. */
  destroy(fate?: Error): void {
    this.#fate ??= fate
    this.#lose()
    this.#socket.destroy()
  }

  /** Says goodbye to the server, or cuts the connection when that takes too long. */
  async close(): Promise<void> {
    if (!this.usable) return
    this.#lose()
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS)
    await this.#client.end().finally(() => clearTimeout(timer))
  }

  async #raiseTimeout(deadlineMs: number): Promise<void> {
    const statement = sql`select set_config('statement_timeout', ${String(Math.ceil(deadlineMs))}, false)`
    await this.#guarded(() => this.#drizzle.execute(statement), { what: 'setting the statement timeout' })
    this.#serverTimeoutMs = deadlineMs
  }

  // One timer and no race: destroying the socket makes `pg` reject what is under way, so nothing is left dangling.
  async #guarded<Result>(work: () => Promise<Result>, options: ExecuteOptions | undefined): Promise<Result> {
    const signal = options?.signal
    if (signal?.aborted === true) throw this.#aborted(options, signal)
    const deadlineMs = options?.deadlineMs ?? this.#limits.statementMs + MARGIN_MS
    const timer = setTimeout(() => this.destroy(this.#late(options, deadlineMs)), deadlineMs)
    const abort = signal && (() => this.destroy(this.#aborted(options, signal)))
    if (abort) signal.addEventListener('abort', abort, { once: true })
    try {
      return await work()
    } catch (error) {
      if (endsSession(error)) this.destroy()
      throw this.#fate ?? translate(error, { what: this.#what(options), label: this.#address.label })
    } finally {
      clearTimeout(timer)
      if (abort) signal.removeEventListener('abort', abort)
    }
  }

  #what(options: ExecuteOptions | undefined): string {
    const what = options?.what ?? 'a statement'
    return this.#purpose === undefined ? what : `${this.#purpose}: ${what}`
  }

  #late(options: ExecuteOptions | undefined, deadlineMs: number): UnavailableError {
    const message = `${this.#address.label}: ${this.#what(options)} had no answer within ${deadlineMs} ms; the connection was cut`
    return new UnavailableError('deadline-passed', message)
  }

  #aborted(options: ExecuteOptions | undefined, signal: AbortSignal): UnavailableError {
    const message = `${this.#address.label}: ${this.#what(options)} was aborted`
    return new UnavailableError('aborted', message, { cause: signal.reason })
  }

  #lose(): void {
    this.#lost = true
  }
}

function fieldOf({ name, dataTypeID, dataTypeModifier }: pg.FieldDef): ResultField {
  return { name, typeOid: dataTypeID, modifier: dataTypeModifier }
}

/** The caller of `execute` says what its statement returns; only here is that taken for granted. */
function declared<Result extends ResultRow>(rows: readonly ResultRow[]): readonly Result[]
function declared(rows: readonly ResultRow[]): readonly ResultRow[] {
  return rows
}

/** Of a COPY, that wait to be asked for. */
const COPY_BYTES = 128 * 1024
/** The first piece of a query that the server sorts may take a while. */
const PIECE_MS = 600_000
