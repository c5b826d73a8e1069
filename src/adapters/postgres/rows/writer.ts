import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Batch, Items } from '../../../core/batch.js'
import type { CheckpointStore } from '../../../core/checkpoint.js'
import { DataError, UnavailableError } from '../../../core/errors.js'
import { failpoint } from '../../../core/failpoint.js'
import type { FenceCheck } from '../../../core/lease.js'
import type { WriterOptions } from '../../../core/mirror.js'
import type { Sink, WriteContext } from '../../../core/sink.js'
import type { Conflict } from '../../../core/state.js'
import type { Row } from '../../../core/table.js'
import { fenced } from '../../sql/stored-lease.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import type { Connection, Session } from '../session/session.js'
import { checksOf, type PostgresMove } from '../state/checkpoints.js'
import { ColumnarRows } from './columnar.js'
import { OwnWrites, type Settled, settle } from './conflicts.js'
import { insertAll, insertDistinct, insertNew } from './writer-sql.js'

/** What the writer needs of the database: `PostgresDatabase` is one. */
export interface WriterDatabase {
  connect(purpose: string, limits?: { readonly idleTransactionMs?: number }): Connection
  readonly state: WriterState
}

/** The state store, as far as it writes within the writer's transaction. */
export interface WriterState {
  readonly checkpoints: CheckpointStore
  recordConflicts(transaction: Session, conflicts: readonly Conflict[]): Promise<void>
  saveCheckpoint(transaction: Session, checkpoint: PostgresMove): Promise<void>
  readonly leases: { stands(...checks: readonly FenceCheck[]): SQL }
}

export interface RowWriterOptions extends WriterOptions {
  /** Called with the id of each transaction that writes rows, before it commits. */
  wrote(transaction: string): void
  /** Shared by the writers of a table, so that each knows what the others wrote; default one of its own. */
  readonly own?: OwnWrites
}

/**
 * A sink that inserts rows whose keys are new and treats the others by `options.rule`. Rows, conflicts and, when the
 * batch has one, its position are stored in one transaction, over a connection of the sink's own. Repeating a batch
 * changes nothing.
 */
export function rowWriter(database: WriterDatabase, info: PostgresTableInfo, options: RowWriterOptions): Sink<Row> {
  return new RowWriter(database, info, options)
}

const Inserted = z.tuple([z.object({ xid: z.string(), written: z.number(), stands: z.boolean() })])

/** Ends a transaction that was only tried. */
class Undo extends Error {}

/** A key came twice in the batch with different values, and the older one may have been stored. */
class RepeatedKey extends Error {}

class RowWriter implements Sink<Row> {
  readonly checkpoints: CheckpointStore
  readonly #state: WriterState
  readonly #connection: Connection
  readonly #info: PostgresTableInfo
  readonly #options: RowWriterOptions
  readonly #own: OwnWrites
  /** Writes until it is tried again whether all keys of a batch are new. */
  #wary = 0

  constructor(database: WriterDatabase, info: PostgresTableInfo, options: RowWriterOptions) {
    this.#state = database.state
    this.#connection = database.connect(`write ${info.schema.name}`, { idleTransactionMs: IDLE_TRANSACTION_MS })
    this.#info = info
    this.#options = options
    this.#own = options.own ?? new OwnWrites()
    this.checkpoints = database.state.checkpoints
  }

  async write(batch: Batch<Row>, context: WriteContext): Promise<void> {
    const rows = ColumnarRows.from(batch.items, this.#info.columns.length)
    if (rows.length === 0 && batch.position === undefined) return
    const how = this.#wary > 0 ? 'new' : 'all'
    this.#wary = Math.max(0, this.#wary - 1)
    const conflicts = await this.#transaction(
      { rows, how, fences: fencesOf(batch, context) },
      context,
      async (transaction) => {
        const { flow, expected, epoch, fences } = context
        const { lane, position } = batch
        if (position === undefined) return
        const withRows = rows.length > 0
        await this.#state.saveCheckpoint(transaction, { flow, lane, position, expected, withRows, epoch, fences })
      },
    )
    failpoint('writer:after-commit')
    for (const [decision, count] of countDecisions(conflicts)) this.#options.conflicts(count, decision)
  }

  async probe(items: Items<Row>, context: WriteContext): Promise<void> {
    const rows = ColumnarRows.from(items, this.#info.columns.length)
    await this.#transaction({ rows, how: 'new', fences: [] }, context, async (transaction) => {
      // What would be refused at COMMIT is refused here.
      await transaction.execute(sql`set constraints all immediate`)
      throw new Undo()
    }).catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
  }

  /** Stores the rows and does `last` in one transaction. Resolves with the conflicts that were recorded in it. */
  async #transaction(
    { rows, how, fences }: Insertion,
    context: WriteContext,
    last: (transaction: Session) => Promise<void>,
  ): Promise<readonly Conflict[]> {
    try {
      return await this.#connection.transaction(
        async (transaction) => {
          const conflicts = rows.length === 0 ? [] : await this.#store(transaction, { rows, how, fences })
          await last(transaction)
          failpoint('writer:before-commit')
          return conflicts
        },
        { signal: context.signal, what: `writing ${this.#info.schema.name}` },
      )
    } catch (error) {
      // After a crash the server gives out again the ids of transactions that it had not yet written to disk.
      if (error instanceof UnavailableError) this.#own.clear()
      const next = this.#otherWay(how, error)
      if (next === undefined) throw error
      return this.#transaction({ rows, how: next, fences }, context, last)
    }
  }

  /** How to try again, when it was not the rows that were wrong but the guess about their keys. */
  #otherWay(how: Insertion['how'], error: unknown): Insertion['how'] | undefined {
    if (how === 'new' && error instanceof RepeatedKey) return 'distinct'
    if (how !== 'all' || !(error instanceof DataError) || error.code !== 'unique-violation') return undefined
    this.#wary = WARY_WRITES
    return 'new'
  }

  async #store(transaction: Session, { rows, how, fences }: Insertion): Promise<readonly Conflict[]> {
    const asked = this.#state.leases.stands(...fences)
    const inserted = await transaction.execute(INSERTS[how](this.#info, rows, asked))
    const [{ xid, written, stands }] = Inserted.parse(inserted)
    const [fence] = fences
    if (fence !== undefined && !stands) throw fenced(fence.flow, fence.epoch)
    this.#own.add(xid)
    const settled: Settled =
      written === rows.length
        ? NOTHING
        : await settle(transaction, { info: this.#info, options: this.#options, rows, xid, own: this.#own })
    if (settled.repeated && how !== 'distinct') throw new RepeatedKey()
    if (settled.conflicts.length > 0) await this.#state.recordConflicts(transaction, settled.conflicts)
    this.#options.wrote(xid)
    return settled.conflicts
  }
}

/** The rows of a process that was frozen in mid-write must not stay locked for longer, as another may write them. */
const IDLE_TRANSACTION_MS = 10_000
/** Writes after a batch that had a known key in it, before the next guess that all are new. */
const WARY_WRITES = 64

/** `all`: in the hope that all keys are new; `new`: those whose keys are; `distinct`: the same, each key once. */
const INSERTS = { all: insertAll, new: insertNew, distinct: insertDistinct } as const

interface Insertion {
  readonly rows: ColumnarRows
  readonly how: keyof typeof INSERTS
  /** To be asked with the rows, where no checkpoint is moved, which would ask. */
  readonly fences: readonly FenceCheck[]
}

function fencesOf({ position }: Batch<Row>, context: WriteContext): readonly FenceCheck[] {
  return position === undefined ? checksOf(context) : []
}

const NOTHING: Settled = { conflicts: [], repeated: false }

function countDecisions(conflicts: readonly Conflict[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { decision } of conflicts) counts.set(decision, (counts.get(decision) ?? 0) + 1)
  return counts
}
