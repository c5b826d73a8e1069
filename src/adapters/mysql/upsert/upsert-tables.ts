import type { DataError } from '../../../core/errors.js'
import type { Rowset } from '../../../core/upsert.js'
import { checkChange } from '../../sql/breaking-change.js'
import type { InvalidText } from '../../sql/clean-text.js'
import { parentsFirst } from '../../sql/foreign-key-order.js'
import { namedRefusal } from '../../sql/refused-rows.js'
import { rowsOfTable } from '../../sql/row-groups.js'
import type { MysqlHandle } from '../handle.js'
import { rowAlias } from '../session/row-alias.js'
import type { MysqlTableRef } from '../table-ref.js'
import type { EncodedRows } from './encoded-rows.js'
import { UpsertTable } from './upsert-table.js'

interface Placed {
  readonly table: UpsertTable
  /** In `Rowset.rows`. */
  readonly place: number
}

/** The tables of a sink as the catalog has them at one time. */
export class UpsertTables {
  readonly maxPacketBytes: number
  /** In the order of writing. */
  readonly #ordered: readonly Placed[]

  private constructor(ordered: readonly Placed[], maxPacketBytes: number) {
    this.#ordered = ordered
    this.maxPacketBytes = maxPacketBytes
  }

  /** Throws `ConfigError` when a table cannot be used, or when their foreign keys form a circle. */
  static async read(
    database: MysqlHandle,
    refs: readonly MysqlTableRef[],
    { invalidText, signal }: { readonly invalidText: InvalidText; readonly signal: AbortSignal },
  ): Promise<UpsertTables> {
    const { dialect, maxPacketBytes } = await database.ask(signal)
    const { quote } = await database.driver()
    const tables: UpsertTable[] = []
    for (const ref of refs) {
      const { drizzle } = ref
      const ignored = new Set(ref.options.ignore)
      const options = {
        drizzle,
        ignored,
        alias: rowAlias(dialect),
        maxPacketBytes,
        writing: { quote, invalidText },
      }
      tables.push(new UpsertTable(await ref.describe(signal), options))
    }
    const references = tables.flatMap(({ info }) => info.parents.map((parent) => ({ child: info.name, parent })))
    const order = parentsFirst([...new Set(tables.map(({ info }) => info.name))], references)
    const placed = order.flatMap((name) =>
      tables.flatMap((table, place) => (table.info.name === name ? [{ table, place }] : [])),
    )
    return new UpsertTables(placed, maxPacketBytes)
  }

  get names(): string {
    return this.#ordered.map(({ table }) => table.info.name).join(', ')
  }

  /** Differs when columns have come, gone or changed. */
  get fingerprint(): string {
    return JSON.stringify(this.#ordered.map(({ table }) => table.info.columns))
  }

  /** Throws `ConfigError` when rows that could be written to the tables as they were `before` no longer can. */
  checkChange(before: UpsertTables, rowsets: Iterable<Rowset>): void {
    for (const { table, place } of this.#ordered) {
      const known = before.#ordered.find((one) => one.place === place)?.table.info
      const { name, columns } = table.info
      const { rows } = rowsOfTable(rowsets, place)
      if (known !== undefined) checkChange({ name, before: known.columns, after: columns, rows })
    }
  }

  /** The statements for a batch, in their order. Throws `DataError` with `bad` when rows cannot be written. */
  encode(rowsets: Iterable<Rowset>): readonly EncodedRows[] {
    const refused = new Map<number, DataError>()
    const encoded = this.#ordered.flatMap(({ table, place }) => table.encode(rowsOfTable(rowsets, place), refused))
    const refusal = namedRefusal(refused)
    if (refusal !== undefined) throw refusal
    return encoded
  }
}
