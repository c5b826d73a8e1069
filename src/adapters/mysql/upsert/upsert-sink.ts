import { setTimeout } from 'node:timers/promises'
import type { Batch, Items } from '../../../core/batch.js'
import type { CheckpointStore } from '../../../core/checkpoint.js'
import { ConfigError, DataError, UnavailableError } from '../../../core/errors.js'
import { failpoint } from '../../../core/failpoint.js'
import type { WriteContext } from '../../../core/sink.js'
import type { Rowset, UpsertSink } from '../../../core/upsert.js'
import { namedRefusal, refusedItems } from '../../sql/refused-rows.js'
import type { MysqlHandle } from '../handle.js'
import type { Session } from '../session/session.js'
import { writeRows } from './encoded-rows.js'
import type { UpsertTables } from './upsert-tables.js'

/** Reads the catalog, at the start and when columns may have changed. */
export type ReadTables = (signal: AbortSignal) => Promise<UpsertTables>

/** Lanes that meet in several statements can lock each other out; the victim tries again at once. */
const MAX_DEADLOCKS = 5
const MAX_PAUSE_MS = 50

/** What a changed table may be the cause of. */
const OUTDATED: ReadonlySet<string> = new Set(['column-unknown', 'column-missing', 'not-null-violation'])

/** Ends a transaction that was only tried. */
class Undo extends Error {}

/** Each batch is one transaction, with one statement or a few for each table and set of columns. */
export class MysqlUpsertSink implements UpsertSink {
  readonly checkpoints: CheckpointStore
  readonly #database: MysqlHandle
  readonly #read: ReadTables
  #tables: UpsertTables

  constructor(database: MysqlHandle, tables: UpsertTables, read: ReadTables) {
    this.#database = database
    this.checkpoints = database.state.checkpoints
    this.#tables = tables
    this.#read = read
  }

  async write(batch: Batch<Rowset>, context: WriteContext): Promise<void> {
    const { lane, position, items } = batch
    await this.#store(items, context, async (transaction) => {
      const { flow, expected, epoch } = context
      const { state } = this.#database
      if (position !== undefined) await state.checkpoints.saveIn(transaction, { flow, lane, position, expected, epoch })
      else if (epoch !== undefined) await state.checkFence(transaction, { flow, epoch })
    })
    failpoint('upsert:after-commit')
  }

  async probe(items: Items<Rowset>, context: WriteContext): Promise<void> {
    await undone(() =>
      this.#store(items, context, () => {
        throw new Undo()
      }),
    )
  }

  /** The pool is the database's. */
  async [Symbol.asyncDispose](): Promise<void> {}

  /** Stores the rows and does `last` in one transaction, again when it was not the rows' fault. */
  async #store(
    items: Items<Rowset>,
    context: WriteContext,
    last: (transaction: Session) => Promise<void>,
  ): Promise<void> {
    let outdated = false
    for (let deadlocks = 0; ; ) {
      try {
        await this.#try(items, context, last)
        return
      } catch (error) {
        if (isDeadlock(error) && deadlocks < MAX_DEADLOCKS && !context.signal.aborted) {
          deadlocks += 1
          await setTimeout(Math.random() * MAX_PAUSE_MS)
          continue
        }
        if (!outdated && (await this.#readAgain(error, items, context.signal))) {
          outdated = true
          continue
        }
        throw await this.#explained(error, items, context)
      }
    }
  }

  async #try(
    items: Items<Rowset>,
    context: WriteContext,
    last: (transaction: Session) => Promise<void>,
  ): Promise<void> {
    const { maxPacketBytes } = this.#tables
    const encoded = this.#tables.encode(items)
    await this.#transaction(context, async (transaction) => {
      for (const rows of encoded) await writeRows(transaction, rows, { maxPacketBytes })
      await last(transaction)
      failpoint('upsert:before-commit')
    })
  }

  #transaction(context: WriteContext, work: (transaction: Session) => Promise<void>): Promise<void> {
    const { signal } = context
    return this.#database.writing.transaction(work, { signal, what: `upserting ${this.#tables.names}` })
  }

  /** Whether columns have changed, so that what was refused may be written now. Throws when it never can be. */
  async #readAgain(error: unknown, items: Items<Rowset>, signal: AbortSignal): Promise<boolean> {
    if (!(error instanceof ConfigError || error instanceof DataError) || !OUTDATED.has(error.code)) return false
    const tables = await this.#read(signal)
    const changed = tables.fingerprint !== this.#tables.fingerprint
    if (changed) tables.checkChange(this.#tables, items)
    this.#tables = tables
    return changed
  }

  /** A refusal that names its items, if they can be found. */
  async #explained(error: unknown, items: Items<Rowset>, context: WriteContext): Promise<unknown> {
    if (context.partsFollow || !(error instanceof DataError)) return error
    if (error.bad !== undefined || items.length === 0) return error
    const { maxPacketBytes } = this.#tables
    const encoded = this.#tables.encode(items)
    let refusal: DataError | undefined
    await undone(() =>
      this.#transaction(context, async (transaction) => {
        const steps = encoded.map((rows) => ({
          items: rows.items,
          write: (places: readonly number[]) => writeRows(transaction, rows, { maxPacketBytes, places }),
        }))
        refusal = namedRefusal(await refusedItems(steps, (work) => transaction.transaction(work)))
        throw new Undo()
      }),
    )
    return refusal ?? error
  }
}

async function undone(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Undo)) throw error
  }
}

function isDeadlock(error: unknown): boolean {
  return error instanceof UnavailableError && error.code === 'deadlock'
}
