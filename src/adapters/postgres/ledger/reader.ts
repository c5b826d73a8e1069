import { sql } from 'drizzle-orm'
import { UnavailableError } from '../../../core/errors.js'
import type { Bucket } from '../../../core/table.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import type { Connection } from '../session/session.js'
import type { Ledger, Poll } from './ledger.js'
import { awaitCommit, pollTable } from './poll.js'
import { pageOf, type Reading, readStretch, type Stretch } from './read.js'
import { tableReplaced } from './table-changed.js'

/** Bytes of values in one batch. A batch of few pages whose values all lie in them cannot exceed it by much. */
const BUDGET_BYTES = 2_000_000
const FEW_PAGES = 128

/** How the loops see the table. */
export interface TableReader {
  poll(signal: AbortSignal): Promise<Poll>
  /** Resolves when something was committed since the snapshot of `poll`, at the latest after half a second. */
  committed(poll: Poll, signal: AbortSignal): Promise<void>
  /** Rows of the stretch that the ledger does not know as delivered; `poll` was taken before. */
  read(stretch: Stretch, options: TableReadOptions): Promise<Reading>
}

/** A table reader with a session of its own. */
export interface LedgerReader extends TableReader, AsyncDisposable {
  /** Opens the session and sets it up. What the ledger knew of volatile transactions must then be forgotten. */
  open(signal: AbortSignal): Promise<void>
}

export interface TableReadOptions {
  readonly ledger: Ledger
  readonly poll: Poll
  /** Where the tail begins, for a read of the tail; `undefined` for a sweep. */
  readonly tail: number | undefined
  /** Rows of this transaction and younger ones are left out; `undefined`: of none. */
  readonly below?: number | undefined
  readonly signal: AbortSignal
}

export interface ReaderOptions {
  readonly label: string
  /** Only rows whose keys are in these are read; `undefined`: all. */
  readonly within: readonly Bucket[] | undefined
}

/**
 * A connection for a loop of the ledger. It notices when it runs on a new session: the server may have crashed in
 * between, so what it just read must not be trusted together with what was known before.
 */
export class Reader implements LedgerReader {
  readonly #connection: Connection
  readonly #table: PostgresTableInfo
  readonly #label: string
  readonly #within: readonly Bucket[] | undefined
  #generation = 0

  constructor(connection: Connection, table: PostgresTableInfo, { label, within }: ReaderOptions) {
    this.#connection = connection
    this.#table = table
    this.#label = label
    this.#within = within
  }

  async open(signal: AbortSignal): Promise<void> {
    // A hash join leaves out what was delivered at the same cost however much it is; estimates of unnest mislead the
    // planner to nested loops. Parallel workers would only take cores from the writers.
    await this.#connection.execute(
      sql`select set_config('enable_nestloop', 'off', false), set_config('enable_mergejoin', 'off', false),
        set_config('max_parallel_workers_per_gather', '0', false), set_config('jit', 'off', false)`,
      { signal },
    )
    this.#generation = this.#connection.generation
  }

  poll(signal: AbortSignal): Promise<Poll> {
    const poll = (): Promise<Poll> => pollTable(this.#connection, this.#table.oid, this.#label, signal)
    return this.#steady(() => poll().catch((error: unknown) => this.#gone(error, signal)))
  }

  committed(poll: Poll, signal: AbortSignal): Promise<void> {
    return this.#steady(() => awaitCommit(this.#connection, poll.snapshot, signal))
  }

  read(stretch: Stretch, options: TableReadOptions): Promise<Reading> {
    const { ledger, poll, tail, below, signal } = options
    return this.#steady(() =>
      readStretch(this.#connection, this.#table, stretch, {
        floor: ledger.floor,
        below,
        xmax: poll.snapshot.xmax,
        exclude: tail === undefined ? ledger.exclusions() : ledger.tailExclusions(tail),
        within: this.#within,
        budgetBytes: poll.toastBytes > 0 || isLarge(stretch, poll) ? BUDGET_BYTES : undefined,
        signal,
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
  }

  /** A table that is away may come back; another one in its place is not the one that was described. */
  async #gone(error: unknown, signal: AbortSignal): Promise<never> {
    if (error instanceof UnavailableError && error.code === 'table-gone') {
      const query = sql`select to_regclass(${this.#table.qualified}) is not null as replaced`
      const [row] = await this.#connection.execute<{ replaced: boolean }>(query, { signal })
      if (row?.replaced === true) throw tableReplaced(this.#table)
    }
    throw error
  }

  async #steady<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = await work()
    if (this.#connection.generation !== this.#generation) {
      throw new UnavailableError(
        'connection-replaced',
        `${this.#label}: the connection was lost and opened again; reading starts over from what is known to be safe`,
      )
    }
    return result
  }
}

function isLarge({ from, to }: Stretch, poll: Poll): boolean {
  const first = typeof from === 'number' ? from : pageOf(from.after)
  return (to ?? poll.pages) - first > FEW_PAGES
}
