import { type SQL, sql } from 'drizzle-orm'
import { type LockstepError, UnavailableError } from '../../../core/errors.js'
import type { ClientPool } from '../../sql/client-pool.js'
import { UNDOES_TRANSACTION } from './errnos.js'
import type { Answer, LiveClient } from './live-client.js'
import type { ExecuteOptions, ResultField, ResultRow, Session, TransactionOptions } from './session.js'

/** A session over a pool: each statement takes a connection, a transaction holds one. */
export class PooledSession implements Session {
  readonly #pool: ClientPool<LiveClient>

  constructor(pool: ClientPool<LiveClient>) {
    this.#pool = pool
  }

  async execute<Result extends ResultRow>(query: SQL, options?: ExecuteOptions): Promise<readonly Result[]> {
    return (await this.#once<Result>(query, options)).rows
  }

  async change(query: SQL, options?: ExecuteOptions): Promise<number> {
    return (await this.#once(query, options)).found
  }

  async fields(query: SQL, options?: ExecuteOptions): Promise<readonly ResultField[]> {
    return (await this.#once(query, options)).fields()
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

  async #once<Result extends ResultRow>(query: SQL, options?: ExecuteOptions): Promise<Answer<Result>> {
    const client = await this.#pool.lease(options?.signal)
    try {
      return await client.execute<Result>(query, options)
    } finally {
      this.#pool.release(client)
    }
  }
}

async function inTransaction<Result>(
  client: LiveClient,
  work: (transaction: Session) => Promise<Result>,
  options: TransactionOptions,
): Promise<Result> {
  await client.execute(options.readOnly === true ? BEGIN_READING : BEGIN, options)
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
    const result = await work(transaction)
    transaction.checkWhole()
    return result
  } catch (error) {
    await undo(client, ROLLBACK)
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
  try {
    await client.execute(COMMIT, { ...options, what: 'COMMIT' })
  } catch (error) {
    if (!client.usable) throw inDoubt(client, error)
    // It was refused, or never sent (aborted before): what was done is undone.
    await undo(client, ROLLBACK)
    throw error
  }
}

function inDoubt(client: LiveClient, cause: unknown): LockstepError {
  // The caller's own abort stays recognizable; it is in doubt all the same.
  if (cause instanceof UnavailableError && cause.code === 'aborted') return cause
  const message = `${client.label}: the connection was lost during COMMIT; nobody knows whether it was done`
  return new UnavailableError('commit-unknown', message, { cause })
}

/** What runs between START TRANSACTION and COMMIT; dead after that. */
class Transaction implements Session {
  readonly #client: LiveClient
  readonly #defaults: ExecuteOptions
  readonly #depth: number
  /** The failure after which the server may have undone what came before. */
  #undone: UnavailableError | undefined
  #ended = false

  constructor(client: LiveClient, options: ExecuteOptions, depth = 0) {
    this.#client = client
    this.#defaults = options
    this.#depth = depth
  }

  end(): void {
    this.#ended = true
  }

  /** After a deadlock the server goes on without a transaction, so what comes next would be committed by itself. */
  checkWhole(): void {
    if (this.#ended) throw new Error(`${this.#client.label}: a statement came after the end of its transaction`)
    if (this.#undone !== undefined) throw this.#undone
  }

  async execute<Result extends ResultRow>(query: SQL, options?: ExecuteOptions): Promise<readonly Result[]> {
    return (await this.#run<Result>(query, options)).rows
  }

  async change(query: SQL, options?: ExecuteOptions): Promise<number> {
    return (await this.#run(query, options)).found
  }

  async fields(query: SQL, options?: ExecuteOptions): Promise<readonly ResultField[]> {
    return (await this.#run(query, options)).fields()
  }

  async transaction<Result>(
    work: (transaction: Session) => Promise<Result>,
    options: TransactionOptions = {},
  ): Promise<Result> {
    const name = sql.raw(`lockstep_${this.#depth + 1}`)
    const merged = { ...this.#defaults, ...options }
    await this.change(sql`savepoint ${name}`, merged)
    const inner = new Transaction(this.#client, merged, this.#depth + 1)
    try {
      const result = await work(inner)
      inner.checkWhole()
      await this.change(sql`release savepoint ${name}`, merged)
      return result
    } catch (error) {
      this.#undone ??= inner.#undone
      if (this.#undone === undefined) await undo(this.#client, sql`rollback to savepoint ${name}`)
      throw error
    } finally {
      inner.end()
    }
  }

  async #run<Result extends ResultRow>(query: SQL, options: ExecuteOptions = {}): Promise<Answer<Result>> {
    this.checkWhole()
    try {
      return await this.#client.execute<Result>(query, { ...this.#defaults, ...options })
    } catch (error) {
      if (error instanceof UnavailableError && UNDOES_TRANSACTION.has(error.code)) this.#undone = error
      throw error
    }
  }
}

const COMMIT = sql`commit`
const ROLLBACK = sql`rollback`
const BEGIN = sql`start transaction`
const BEGIN_READING = sql`start transaction read only`
