import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { SQL } from 'drizzle-orm'
import type { MySql2Database } from 'drizzle-orm/mysql2'
import type { Connection, FieldPacket } from 'mysql2'
import { UnavailableError } from '../../../core/errors.js'
import type { Address } from './address.js'
import type { Driver } from './driver.js'
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
  /** Of a statement without rows: how many it found. */
  readonly found: number
  readonly fields: () => readonly ResultField[]
}

/** How much later than the server's own limit the client gives up, in ms. */
const MARGIN_MS = 2_000
const CLOSE_MS = 1_000

/**
 * One open connection and its Drizzle handle. `mysql2` waits for ever on a peer that is silent, so every call has a
 * deadline; when it passes, or the caller aborts, the socket is destroyed: what would come back on it belongs to nobody.
 */
export class LiveClient {
  readonly #socket: Socket
  readonly #connection: Connection
  readonly #drizzle: MySql2Database
  readonly #address: Address
  readonly #limits: Limits
  /** Refuse what is under way. */
  readonly #refusals = new Set<(fate: Error) => void>()
  #lost = false

  private constructor(driver: Driver, address: Address, limits: Limits) {
    this.#address = address
    this.#limits = limits
    this.#socket = connect({ host: address.host, port: address.port, keepAlive: true, noDelay: true })
    this.#connection = driver.createConnection({ ...address.login(), ...CLIENT, stream: () => this.#socket })
    // Without a listener the loss of an idle connection would end the process.
    this.#connection.on('error', () => this.#lose())
    this.#socket.on('close', () => this.destroy())
    this.#drizzle = driver.drizzle({ client: this.#connection })
  }

  /** Connects and logs in within `limits.connectMs`; an `UnavailableError` when that fails. */
  static async open(driver: Driver, address: Address, options: OpenOptions): Promise<LiveClient> {
    const { limits, signal } = options
    const client = new LiveClient(driver, address, limits)
    try {
      await client.#guarded(() => client.#connected(), {
        what: 'connecting',
        deadlineMs: limits.connectMs,
        ...(signal === undefined ? {} : { signal }),
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
    const [result, fields] = await this.#guarded(() => this.#drizzle.execute(query), options)
    return { ...answer<Result>(result), fields: () => (fields ?? []).map(fieldOf) }
  }

  /**
   * Pages of rows, as they come; the server waits while none is asked for. `deadlineMs` is for each page. Leaving the
   * iteration before its end cuts the connection.
   */
  async *stream(text: string, options: ExecuteOptions): Streamed {
    const begun = async (): Promise<Readable> =>
      this.#connection.query({ sql: text, rowsAsArray: true }).stream({ highWaterMark: STREAM_ROWS })
    const stream = await this.#guarded(begun, options)
    // What comes between two pages is seen when the next one is asked for.
    stream.on('error', () => {})
    try {
      for (;;) {
        const page = await this.#guarded(() => nextPage(stream), options)
        if (page === undefined) return
        yield page
      }
    } finally {
      if (!stream.readableEnded) this.destroy()
    }
  }

  /** Cuts the connection at once; statements under way fail. */
  destroy(fate?: Error): void {
    this.#lose()
    this.#socket.destroy()
    const message = `${this.label}: the connection was lost`
    const refusals = [...this.#refusals]
    this.#refusals.clear()
    for (const refuse of refusals) refuse(fate ?? new UnavailableError('connection-lost', message))
  }

  /** Says goodbye to the server, or cuts the connection when that takes too long. */
  async close(): Promise<void> {
    if (!this.usable) return
    this.#lose()
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS)
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve())
      this.#connection.end()
    })
    clearTimeout(timer)
  }

  #connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#connection.connect((error) => (error === null ? resolve() : reject(error)))
    })
  }

  // `mysql2` may leave a statement without an answer when its socket is destroyed, so the promise here is our own.
  async #guarded<Result>(work: () => Promise<Result>, options: ExecuteOptions = {}): Promise<Result> {
    const { signal } = options
    if (signal?.aborted === true) throw this.#aborted(options, signal)
    if (!this.usable) throw new UnavailableError('connection-lost', `${this.label}: the connection was lost`)
    const deadlineMs = options.deadlineMs ?? this.#limits.statementMs + MARGIN_MS
    const timer = setTimeout(() => this.destroy(this.#late(options, deadlineMs)), deadlineMs)
    const abort = signal && (() => this.destroy(this.#aborted(options, signal)))
    if (abort) signal.addEventListener('abort', abort, { once: true })
    let refusal: ((fate: Error) => void) | undefined
    try {
      return await new Promise<Result>((resolve, reject) => {
        refusal = reject
        this.#refusals.add(reject)
        work().then(resolve, reject)
      })
    } catch (error) {
      if (endsSession(error)) this.destroy()
      throw translate(error, { what: options.what ?? 'a statement', label: this.label })
    } finally {
      if (refusal !== undefined) this.#refusals.delete(refusal)
      clearTimeout(timer)
      if (abort) signal.removeEventListener('abort', abort)
    }
  }

  #late({ what = 'a statement' }: ExecuteOptions, deadlineMs: number): UnavailableError {
    const message = `${this.label}: ${what} had no answer within ${deadlineMs} ms; the connection was cut`
    return new UnavailableError('deadline-passed', message)
  }

  #aborted({ what = 'a statement' }: ExecuteOptions, signal: AbortSignal): UnavailableError {
    return new UnavailableError('aborted', `${this.label}: ${what} was aborted`, { cause: signal.reason })
  }

  #lose(): void {
    this.#lost = true
  }
}

/** Pages of rows as lists of values. */
export type Streamed = AsyncGenerator<readonly (readonly unknown[])[], void, undefined>

/** Rows that wait to be asked for; of large rows this is what is in memory. */
const STREAM_ROWS = 16

/** All that has come, at least one row; `undefined` after the last. */
async function nextPage(stream: Readable): Promise<readonly (readonly unknown[])[] | undefined> {
  for (;;) {
    if (stream.errored !== null) throw stream.errored
    const page: (readonly unknown[])[] = []
    for (let row: unknown = stream.read(); Array.isArray(row); row = stream.read()) page.push(row)
    if (page.length > 0) return page
    if (stream.readableEnded || stream.destroyed) return undefined
    await new Promise<void>((resolve) => {
      const events = ['readable', 'end', 'close', 'error']
      const wake = (): void => {
        for (const event of events) stream.off(event, wake)
        resolve()
      }
      for (const event of events) stream.on(event, wake)
    })
  }
}

interface OpenOptions {
  readonly limits: Limits
  readonly signal?: AbortSignal
}

/** Values come as text, and the server may neither be sent two statements at once nor ask for a file of this machine. */
const CLIENT = {
  charset: 'utf8mb4',
  timezone: 'Z',
  dateStrings: true,
  supportBigNumbers: true,
  bigNumberStrings: true,
  jsonStrings: true,
  multipleStatements: false,
  // Our own deadline is set around it.
  connectTimeout: 0,
  flags: ['-LOCAL_FILES'],
}

function fieldOf(field: FieldPacket): ResultField {
  const { name, decimals, extendedTypeName: extended } = field
  return {
    name,
    type: field.columnType ?? field.type ?? 0,
    extended,
    flags: typeof field.flags === 'number' ? field.flags : 0,
    charset: field.characterSet ?? 0,
    decimals,
    length: field.columnLength ?? 0,
  }
}

type Found<Result extends ResultRow> = Omit<Answer<Result>, 'fields'>

/** A list of rows or, for statements that give none, a header with numbers. */
function answer<Result extends ResultRow>(result: unknown): Found<Result>
function answer(result: unknown): Found<ResultRow> {
  if (Array.isArray(result)) return { rows: result, found: 0 }
  if (typeof result !== 'object' || result === null || !('affectedRows' in result)) return { rows: [], found: 0 }
  return { rows: [], found: Number(result.affectedRows) }
}
