import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client, InValue, Transaction } from '@libsql/client'
import { ConfigError, UnavailableError } from '../../../core/errors.js'
import { missingPeer } from '../../../core/missing-peer.js'
import { ClosedError } from '../../sql/closed-error.js'
import { isBusy, translate } from './errors.js'
import type { Place } from './options.js'

/** Columns by name: integers are `bigint`. */
export type SqliteRow = Readonly<Record<string, unknown>>

export interface Result {
  readonly rows: readonly SqliteRow[]
  /** `type`: as declared; empty for an expression. */
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Rows inserted, updated or deleted. */
  readonly changed: number
}

export interface CallOptions {
  /** What is being done, for messages. */
  readonly what: string
  readonly signal?: AbortSignal
}

/** Runs statements: one after the other, or within a transaction. */
export interface Statements {
  execute(sql: string, args: readonly InValue[], options: CallOptions): Promise<Result>
}

/** The database as of one moment; nothing is written through it. Dispose of it. */
export interface Snapshot extends Statements, AsyncDisposable {}

const LOCK_POLL_MS = 10

/**
 * The one connection to a file. Calls wait for one another; a transaction is one call. While another process holds the
 * file's lock it is asked again, without blocking the event loop.
 */
export class SqliteSession implements Statements, AsyncDisposable {
  readonly #place: Place
  readonly #busyMs: number
  #client: Promise<Client> | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(place: Place, busyMs: number) {
    this.#place = place
    this.#busyMs = busyMs
  }

  execute(sql: string, args: readonly InValue[], options: CallOptions): Promise<Result> {
    return this.#inTurn(options, (client) => this.#unlocked(() => run(client, sql, args), options))
  }

  /** Commits when `work` resolves, undoes everything when it rejects. Nothing else of this process comes in between. */
  transaction<T>(work: (transaction: Statements) => Promise<T>, options: CallOptions): Promise<T> {
    return this.#inTurn(options, async (client) => {
      const transaction = await this.#unlocked(() => client.transaction('write'), options)
      try {
        const result = await work({
          execute: (sql, args, inner) =>
            this.#translated(inner, async () => {
              refuseAborted(inner, this.#place)
              return run(transaction, sql, args)
            }),
        })
        refuseAborted(options, this.#place)
        await transaction.commit()
        return result
      } finally {
        transaction.close()
      }
    })
  }

  /** Everything read through it is of one moment. It takes this session for itself, and closes it at its end. */
  async snapshot(options: CallOptions): Promise<Snapshot> {
    const transaction = await this.#inTurn(options, (client) =>
      this.#unlocked(() => client.transaction('read'), options),
    ).catch(async (error: unknown) => {
      await this[Symbol.asyncDispose]()
      throw error
    })
    return {
      execute: (sql, args, inner) =>
        this.#translated(inner, async () => {
          refuseAborted(inner, this.#place)
          return run(transaction, sql, args)
        }),
      [Symbol.asyncDispose]: async () => {
        transaction.close()
        await this[Symbol.asyncDispose]()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#last
    const client = await this.#client?.catch(() => undefined)
    client?.close()
  }

  #inTurn<T>(options: CallOptions, work: (client: Client) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() =>
      this.#translated(options, async () => {
        if (this.#closed) throw new ClosedError(this.#place.label)
        refuseAborted(options, this.#place)
        this.#client ??= this.#open().catch((error: unknown) => {
          this.#client = undefined
          throw error
        })
        return work(await this.#client)
      }),
    )
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #open(): Promise<Client> {
    const { path, url } = this.#place
    if (path !== undefined) await requireFolder(path)
    const { createClient } = await import('@libsql/client').catch(
      missingPeer({ name: '@libsql/client', install: '@libsql/client', key: 'sqlite(file)' }),
    )
    const client = createClient({ url, intMode: 'bigint', concurrency: 1 })
    try {
      // Readers of other processes do not wait for writers then. It stays with the file.
      await this.#unlocked(() => client.execute('pragma journal_mode = wal'), {})
      await client.execute('pragma foreign_keys = on')
      return client
    } catch (error) {
      client.close()
      throw error
    }
  }

  /** libsql's own waiting would stop the whole process. */
  async #unlocked<T>(work: () => Promise<T>, { signal }: Pick<CallOptions, 'signal'>): Promise<T> {
    const until = performance.now() + this.#busyMs
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!isBusy(error) || performance.now() >= until) throw error
        await delay(LOCK_POLL_MS)
        if (signal?.aborted === true) throw error
      }
    }
  }

  async #translated<T>({ what }: CallOptions, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw translate(error, { what, label: this.#place.label })
    }
  }
}

async function run(on: Client | Transaction, sql: string, args: readonly InValue[]): Promise<Result> {
  const { rows, rowsAffected, columns, columnTypes } = await on.execute({ sql, args: [...args] })
  return {
    rows,
    changed: rowsAffected,
    columns: columns.map((name, at) => ({ name, type: columnTypes[at] ?? '' })),
  }
}

function refuseAborted({ what, signal }: CallOptions, { label }: Place): void {
  if (signal?.aborted !== true) return
  throw new UnavailableError('aborted', `${label}: ${what} was aborted`, { cause: signal.reason })
}

async function requireFolder(path: string): Promise<void> {
  const folder = dirname(path)
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory()) return
  throw new ConfigError({
    code: 'folder-missing',
    key: 'sqlite(file)',
    message: `there is no folder ${folder}`,
    fix: `mkdir -p ${folder}`,
  })
}
