import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Batch, Items } from '../../../core/batch.js'
import type { CheckpointStore } from '../../../core/checkpoint.js'
import { DataError } from '../../../core/errors.js'
import { failpoint } from '../../../core/failpoint.js'
import type { FenceCheck } from '../../../core/lease.js'
import type { WriteContext } from '../../../core/sink.js'
import type { Rowset, UpsertSink } from '../../../core/upsert.js'
import { namedRefusal, refusedItems, type Step } from '../../sql/refused-rows.js'
import type { Session } from '../session/session.js'
import type { PostgresMove } from '../state/checkpoints.js'
import type { EncodedRows } from './encoded-rows.js'
import { Retries } from './retries.js'
import type { Keys } from './upsert-statement.js'
import type { UpsertTables } from './upsert-tables.js'

/** What the sink needs of the database: `PostgresDatabase` is one. */
export interface UpsertDatabase {
  readonly session: Session
  readonly writing: Session
  readonly state: {
    readonly checkpoints: CheckpointStore
    saveCheckpoint(transaction: Session, checkpoint: PostgresMove): Promise<void>
    checkFence(transaction: Session, check: FenceCheck): Promise<void>
  }
}

/** Reads the catalog, at the start and when columns have changed. */
export type ReadTables = (signal: AbortSignal) => Promise<UpsertTables>

interface Refused {
  readonly items: Items<Rowset>
  readonly signal: AbortSignal
}

/** Ends a transaction that was only tried. */
class Undo extends Error {}

/**
 * Each batch is one transaction on a connection of the pool, with one statement for each table and set of columns.
 * Its rows are changes like any other's: a `sync` of the table carries them on.
 */
export class PostgresUpsertSink implements UpsertSink {
  readonly checkpoints: CheckpointStore
  readonly #database: UpsertDatabase
  readonly #read: ReadTables
  #tables: UpsertTables

  constructor(database: UpsertDatabase, tables: UpsertTables, read: ReadTables) {
    this.#database = database
    this.checkpoints = database.state.checkpoints
    this.#tables = tables
    this.#read = read
  }

  async write(batch: Batch<Rowset>, context: WriteContext): Promise<void> {
    const { lane, position, items } = batch
    await this.#store(items, context, async (transaction, withRows) => {
      const { flow, expected, epoch } = context
      const { state } = this.#database
      if (position !== undefined)
        await state.saveCheckpoint(transaction, { flow, lane, position, expected, withRows, epoch })
      else if (epoch !== undefined) await state.checkFence(transaction, { flow, epoch })
    })
    failpoint('upsert:after-commit')
  }

  async probe(items: Items<Rowset>, context: WriteContext): Promise<void> {
    await this.#store(items, context, async (transaction) => {
      // What would be refused at COMMIT is refused here.
      await transaction.execute(IMMEDIATE)
      throw new Undo()
    }).catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error
    })
  }

  /** The pool is the database's. */
  async [Symbol.asyncDispose](): Promise<void> {}

  /** Stores the rows and does `last` in one transaction, again when it was not the rows' fault. */
  async #store(
    items: Items<Rowset>,
    context: WriteContext,
    last: (transaction: Session, withRows: boolean) => Promise<void>,
  ): Promise<void> {
    const retries = new Retries()
    for (;;) {
      try {
        const encoded = this.#tables.encode(items)
        await this.#transaction(context, async (transaction) => {
          for (const rows of encoded) await this.#upsert(transaction, rows, retries)
          await last(transaction, encoded.length > 0)
          failpoint('upsert:before-commit')
        })
        return
      } catch (error) {
        if (await retries.again(error, context.signal)) continue
        if (await this.#readAgain(error, retries, { items, signal: context.signal })) continue
        throw await this.#explained(error, items, context)
      }
    }
  }

  /** In the hope that all keys are new, unless that was wrong of late. */
  async #upsert(transaction: Session, rows: EncodedRows, retries: Retries): Promise<void> {
    const { hope } = rows.statement
    if (retries.distinct || rows.keys === 'repeated') return execute(transaction, rows, { keys: 'repeated' })
    if (retries.known || !hope.next()) return execute(transaction, rows, { keys: 'once' })
    try {
      await execute(transaction, rows, { keys: 'new' })
      hope.fulfilled()
    } catch (error) {
      if (retries.wereKnown(error)) hope.disappointed()
      throw error
    }
  }

  #transaction(context: WriteContext, work: (transaction: Session) => Promise<void>): Promise<void> {
    const { signal } = context
    return this.#database.writing.transaction(work, { signal, what: `upserting ${this.#tables.names}` })
  }

  /** Once: whether columns have changed, so that what was refused may be written now. Throws when it never can be. */
  async #readAgain(error: unknown, retries: Retries, { items, signal }: Refused): Promise<boolean> {
    if (!retries.mayBeOutdated(error)) return false
    if (!(await this.#tables.changed(this.#database.session, signal))) return false
    const tables = await this.#read(signal)
    tables.checkChange(this.#tables, items)
    this.#tables = tables
    return true
  }

  /** A refusal that names its items, if they can be found. */
  async #explained(error: unknown, items: Items<Rowset>, context: WriteContext): Promise<unknown> {
    if (context.partsFollow || !(error instanceof DataError)) return error
    if (error.bad !== undefined || items.length === 0) return error
    const encoded = this.#tables.encode(items)
    let refusal: DataError | undefined
    await this.#transaction(context, async (transaction) => {
      const steps: Step[] = []
      for (const rows of encoded) steps.push(await stepOf(transaction, rows))
      refusal = namedRefusal(await refusedItems(steps, (work) => transaction.transaction(work)))
      throw new Undo()
    }).catch((failed: unknown) => {
      if (!(failed instanceof Undo)) throw failed
    })
    return refusal ?? error
  }
}

const IMMEDIATE = sql`set constraints all immediate`

/**
 * The rows in the order of their keys: the parts that are tried one after the other then lock their rows in the order in
 * which other lanes do.
 */
async function stepOf(transaction: Session, rows: EncodedRows): Promise<Step> {
  const order = await lockOrder(transaction, rows)
  return {
    items: order.map((place) => rows.items[place] ?? 0),
    write: (places) =>
      execute(transaction, rows, { keys: 'repeated', places: places.map((place) => order[place] ?? 0) }),
  }
}

const Place = z.object({ place: z.number() })

/** As they came, where a key is not of its column's type: nothing of such a row is locked. */
async function lockOrder(transaction: Session, rows: EncodedRows): Promise<readonly number[]> {
  try {
    const ordered = await transaction.transaction((savepoint) =>
      savepoint.execute(rows.statement.orderQuery(rows.arrays())),
    )
    return ordered.map((row) => Place.parse(row).place)
  } catch (error) {
    if (error instanceof DataError) return [...rows.items.keys()]
    throw error
  }
}

async function execute(
  transaction: Session,
  rows: EncodedRows,
  { keys, places }: { readonly keys: Keys; readonly places?: readonly number[] },
): Promise<void> {
  await transaction.execute(rows.statement.query(rows.arrays(places), keys))
}
