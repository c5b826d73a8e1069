import { type SQL, sql } from 'drizzle-orm'
import { type LockstepError, UnavailableError } from '../../../core/errors.js'
import type { ClientPool } from '../../sql/client-pool.js'
import type { LiveClient } from './live-client.js'
import type { Connection, ExecuteOptions, ResultField, ResultRow, Session, TransactionOptions } from './session.js'

/** A session over a pool; over a pool of one it is a connection of its own that heals itself. */
export class PooledSession implements Connection {
  readonly #pool: ClientPool<LiveClient>

  constructor(pool: ClientPool<LiveClient>) {
    this.#pool = pool
  }

  get generation(): number {
    return this.#pool.opened
  }

  async execute<Result extends ResultRow>(query: SQL, options?: ExecuteOptions): Promise<readonly Result[]> {
    const client = await this.#pool.lease(options?.signal)
    try {
      return (await client.execute<Result>(query, options)).rows
    } finally {
      this.#pool.release(client)
    }
  }

  async fields(query: SQL, options?: ExecuteOptions): Promise<readonly ResultField[]> {
    const client = await this.#pool.lease(options?.signal)
    try {
      return (await client.execute(query, options)).fields()
    } finally {
      this.#pool.release(client)
    }
  }

  async *copy(query: string, options?: ExecuteOptions): AsyncGenerator<Buffer> {
    const client = await this.#pool.lease(options?.signal)
    try {
      yield* client.copy(query, options)
    } finally {
      this.#pool.release(client)
    }
  }

  async transaction<Result>(
    work: (transaction: Session) => Promise<Result>,
    options: TransactionOptions = {},
  ): Promise<Result> {
    const client = await this.#pool.lease(options.signal)
    try {
      return await inTransaction(client, work, options)
    } finally {
      this.#pool.release(client)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]()
  }
}

async function inTransaction<Result>(
  client: LiveClient,
  work: (transaction: Session) => Promise<Result>,
  options: TransactionOptions,
): Promise<Result> {
  await client.execute(begin(options), options)
  const transaction = new Transaction(client, options)
  const result = await attempt(client, transaction, work)
  await commit(client, options)
  return result
}

async function attempt<Result>(
  client: LiveClient,
  transaction: Transaction,
  work: (transaction: Session) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(transaction)
  } catch (error) {
    await undo(client, ROLLBACK)
    client.timeoutReset()
    throw error
  } finally {
    transaction.end()
  }
}

/** What failed before matters more than why it could not be undone: then the connection goes, and the work with it. */
async function undo(client: LiveClient, statement: SQL): Promise<void> {
  if (!client.usable) return
  try {
    await client.execute(statement, { what: 'rolling back' })
  } catch {
    client.destroy()
  }
}

async function commit(client: LiveClient, options: TransactionOptions): Promise<void> {
  const { command } = await client.execute(COMMIT, { ...options, what: 'COMMIT' }).catch(async (error: unknown) => {
    if (!client.usable) throw inDoubt(client, error)
    // It was refused (a deferred constraint) or never sent (aborted before): what was done is undone.
    await undo(client, ROLLBACK)
    client.timeoutReset()
    throw error
  })
  // PostgreSQL answers COMMIT with ROLLBACK, and no error, when a statement failed and the caller went on.
  if (command === 'COMMIT') return
  client.timeoutReset()
  throw new Error(`${client.label}: COMMIT was answered with ${command}: a failed statement was ignored`)
}

function inDoubt(client: LiveClient, cause: unknown): LockstepError {
  // The caller's own abort stays recognizable; it is in doubt all the same.
  if (cause instanceof UnavailableError && cause.code === 'aborted') return cause
  client.destroy()
  const message = `${client.label}: the connection was lost during COMMIT; nobody knows whether it was done`
  return new UnavailableError('commit-unknown', message, { cause })
}

/** What runs within BEGIN and COMMIT; dead after that. */
class Transaction implements Session {
  readonly #client: LiveClient
  readonly #defaults: ExecuteOptions
  readonly #depth: number
  #ended = false

  constructor(client: LiveClient, options: TransactionOptions, depth = 0) {
    this.#client = client
    this.#defaults = options
    this.#depth = depth
  }

  end(): void {
    this.#ended = true
  }

  async execute<Result extends ResultRow>(query: SQL, options?: ExecuteOptions): Promise<readonly Result[]> {
    if (this.#ended) throw new Error(`${this.#client.label}: a statement came after the end of its transaction`)
    const merged = options === undefined ? this.#defaults : { ...this.#defaults, ...options }
    return (await this.#client.execute<Result>(query, merged)).rows
  }

  async fields(query: SQL, options?: ExecuteOptions): Promise<readonly ResultField[]> {
    if (this.#ended) throw new Error(`${this.#client.label}: a statement came after the end of its transaction`)
    return (await this.#client.execute(query, { ...this.#defaults, ...options })).fields()
  }

  copy(query: string, options?: ExecuteOptions): AsyncIterable<Buffer> {
    if (this.#ended) throw new Error(`${this.#client.label}: a statement came after the end of its transaction`)
    return this.#client.copy(query, { ...this.#defaults, ...options })
  }

  async transaction<Result>(
    work: (transaction: Session) => Promise<Result>,
    options: TransactionOptions = {},
  ): Promise<Result> {
    const name = sql.raw(`lockstep_${this.#depth + 1}`)
    const merged = { ...this.#defaults, ...options }
    await this.execute(sql`savepoint ${name}`, merged)
    const inner = new Transaction(this.#client, merged, this.#depth + 1)
    try {
      const result = await work(inner)
      await this.execute(sql`release savepoint ${name}`, merged)
      return result
    } catch (error) {
      await undo(this.#client, sql`rollback to savepoint ${name}`)
      this.#client.timeoutReset()
      throw error
    } finally {
      inner.end()
    }
  }
}

const COMMIT = sql`commit`
const ROLLBACK = sql`rollback`
const BEGIN = sql`begin`

function begin({ isolation, readOnly }: TransactionOptions): SQL {
  if (isolation === undefined && readOnly === undefined) return BEGIN
  const level = isolation === undefined ? '' : ` isolation level ${isolation}`
  return sql.raw(`begin${level}${readOnly === true ? ' read only' : ''}`)
}
