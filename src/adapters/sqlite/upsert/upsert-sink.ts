import type { Batch, Items } from '../../../core/batch.js'
import type { CheckpointStore } from '../../../core/checkpoint.js'
import { DataError } from '../../../core/errors.js'
import { failpoint } from '../../../core/failpoint.js'
import type { WriteContext } from '../../../core/sink.js'
import type { Rowset, UpsertSink } from '../../../core/upsert.js'
import { namedRefusal, refusedItems } from '../../sql/refused-rows.js'
import { rowsOfTable } from '../../sql/row-groups.js'
import type { SqliteHandle } from '../handle.js'
import type { CallOptions, Statements } from '../session/session.js'
import { type EncodedRows, upsertRows } from './encoded-rows.js'
import type { UpsertTable } from './upsert-table.js'

/** Ends a transaction that was only tried. */
class Undo extends Error {}

/** Each batch is one transaction; lanes write one after the other, as SQLite has one writer. */
export class SqliteUpsertSink implements UpsertSink {
  readonly checkpoints: CheckpointStore
  readonly #database: SqliteHandle
  /** In the order of writing, with the place in `Rowset.rows`. */
  readonly #tables: readonly { readonly table: UpsertTable; readonly place: number }[]

  constructor(database: SqliteHandle, tables: readonly { readonly table: UpsertTable; readonly place: number }[]) {
    this.#database = database
    this.#tables = tables
    this.checkpoints = database.state.checkpoints
  }

  async write(batch: Batch<Rowset>, context: WriteContext): Promise<void> {
    const { lane, position, items } = batch
    await this.#store(items, context, async (transaction) => {
      if (position === undefined) return
      const { flow, expected } = context
      await this.#database.state.checkpoints.saveIn(transaction, { flow, lane, position, expected })
    })
    failpoint('upsert:after-commit')
  }

  async probe(items: Items<Rowset>, context: WriteContext): Promise<void> {
    await undone(
      this.#store(items, context, async () => {
        throw new Undo()
      }),
    )
  }

  /** The connection is the database's. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #store(
    items: Items<Rowset>,
    context: WriteContext,
    last: (transaction: Statements) => Promise<void>,
  ): Promise<void> {
    const options = this.#options(context)
    const encoded = this.#encode(items)
    try {
      await this.#database.session.transaction(async (transaction) => {
        for (const rows of encoded) await upsertRows(transaction, rows, { options })
        await last(transaction)
        failpoint('upsert:before-commit')
      }, options)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      throw (await this.#refusal(encoded, options)) ?? error
    }
  }

  /** Throws `DataError` with `bad` when rows cannot be written. */
  #encode(rowsets: Iterable<Rowset>): readonly EncodedRows[] {
    const refused = new Map<number, DataError>()
    const encoded = this.#tables.flatMap(({ table, place }) => table.encode(rowsOfTable(rowsets, place), refused))
    const refusal = namedRefusal(refused)
    if (refusal !== undefined) throw refusal
    return encoded
  }

  /** The error that names the items which are refused, if they can be found. */
  async #refusal(encoded: readonly EncodedRows[], options: CallOptions): Promise<DataError | undefined> {
    let refusal: DataError | undefined
    const searching = this.#database.session.transaction(async (transaction) => {
      const steps = encoded.map((rows) => ({
        items: rows.items,
        write: (places: readonly number[]) => upsertRows(transaction, rows, { places, options }),
      }))
      refusal = namedRefusal(await refusedItems(steps, (work) => savepoint(transaction, work, options)))
      throw new Undo()
    }, options)
    await undone(searching)
    return refusal
  }

  #options({ signal }: WriteContext): CallOptions {
    return { what: `upserting ${this.#tables.map(({ table }) => table.info.name).join(', ')}`, signal }
  }
}

async function savepoint(transaction: Statements, work: () => Promise<void>, options: CallOptions): Promise<void> {
  await transaction.execute('savepoint lockstep', [], options)
  try {
    await work()
  } catch (error) {
    await transaction.execute('rollback to lockstep', [], options)
    throw error
  } finally {
    await transaction.execute('release lockstep', [], options)
  }
}

async function undone(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof Undo)) throw error
  }
}
