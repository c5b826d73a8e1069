import { isDeepStrictEqual } from 'node:util'
import type { Batch, Items } from '../../../core/batch.js'
import type { CheckpointStore } from '../../../core/checkpoint.js'
import { ConfigError, DataError } from '../../../core/errors.js'
import { failpoint } from '../../../core/failpoint.js'
import type { WriteContext } from '../../../core/sink.js'
import type { Column } from '../../../core/table.js'
import type { Rowset, UpsertSink } from '../../../core/upsert.js'
import { checkChange } from '../../sql/breaking-change.js'
import { namedRefusal, refusedItems } from '../../sql/refused-rows.js'
import { rowsOfTable } from '../../sql/row-groups.js'
import type { SqliteColumn } from '../catalog/catalog-queries.js'
import type { SqliteHandle } from '../handle.js'
import type { CallOptions, Statements } from '../session/session.js'
import { type EncodedRows, upsertRows } from './encoded-rows.js'
import type { UpsertTable } from './upsert-table.js'

/** Ends a transaction that was only tried. */
class Undo extends Error {}

/** In the order of writing, with the place in `Rowset.rows`. */
export type UpsertTables = readonly { readonly table: UpsertTable; readonly place: number }[]

/** What a change of the table can look like. */
const OUTDATED = new Set(['schema-changed', 'table-missing', 'not-null-violation'])

/** Each batch is one transaction; lanes write one after the other, as SQLite has one writer. */
export class SqliteUpsertSink implements UpsertSink {
  readonly checkpoints: CheckpointStore
  readonly #database: SqliteHandle
  readonly #read: (signal: AbortSignal) => Promise<UpsertTables>
  #tables: UpsertTables

  constructor(database: SqliteHandle, tables: UpsertTables, read: (signal: AbortSignal) => Promise<UpsertTables>) {
    this.#database = database
    this.#tables = tables
    this.#read = read
    this.checkpoints = database.state.checkpoints
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
    for (let mayBeOutdated = true; ; mayBeOutdated = false) {
      try {
        await this.#try(items, context, last)
        return
      } catch (error) {
        if (mayBeOutdated && (await this.#readAgain(error, items, context.signal))) continue
        if (context.partsFollow || !(error instanceof DataError) || error.bad !== undefined) throw error
        throw (await this.#refusal(this.#encode(items), this.#options(context))) ?? error
      }
    }
  }

  async #try(
    items: Items<Rowset>,
    context: WriteContext,
    last: (transaction: Statements) => Promise<void>,
  ): Promise<void> {
    const options = this.#options(context)
    const encoded = this.#encode(items)
    await this.#database.session.transaction(async (transaction) => {
      for (const rows of encoded) await upsertRows(transaction, rows, { options })
      await last(transaction)
      failpoint('upsert:before-commit')
    }, options)
  }

  /** Whether columns have changed, so that what was refused may be written now. Throws when it never can be. */
  async #readAgain(error: unknown, items: Items<Rowset>, signal: AbortSignal): Promise<boolean> {
    if (!(error instanceof ConfigError || error instanceof DataError) || !OUTDATED.has(error.code)) return false
    const before = this.#tables
    const tables = await this.#read(signal)
    const columnsOf = (some: UpsertTables) => some.map(({ table, place }) => ({ place, columns: table.info.columns }))
    if (isDeepStrictEqual(columnsOf(before), columnsOf(tables))) return false
    for (const { table, place } of tables) {
      const known = before.find((one) => one.place === place)?.table.info
      const { rows } = rowsOfTable(items, place)
      const { name, columns } = table.info
      if (known !== undefined)
        checkChange({ name, before: known.columns.map(asColumn), after: columns.map(asColumn), rows })
    }
    this.#tables = tables
    return true
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

function asColumn({ name, type, notnull, hasDefault }: SqliteColumn): Column {
  return { name, type, nullable: notnull === 0, hasDefault: hasDefault === 1 }
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
