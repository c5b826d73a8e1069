import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { DataError } from '../../../core/errors.js'
import type { Rowset } from '../../../core/upsert.js'
import { checkChange } from '../../sql/breaking-change.js'
import type { InvalidText } from '../../sql/clean-text.js'
import { parentsFirst, type Reference } from '../../sql/foreign-key-order.js'
import { namedRefusal } from '../../sql/refused-rows.js'
import { rowsOfTable } from '../../sql/row-groups.js'
import { columnsFingerprint } from '../catalog/fingerprint.js'
import type { UpsertableTable } from '../handle.js'
import type { Session } from '../session/session.js'
import type { EncodedRows } from './encoded-rows.js'
import { UpsertTable } from './upsert-table.js'

/** The tables of a sink as the catalog has them at one time. */
export class UpsertTables {
  /** In the order of writing, with the place in `Rowset.rows`. */
  readonly #ordered: readonly { readonly table: UpsertTable; readonly place: number }[]

  private constructor(ordered: UpsertTables['tables']) {
    this.#ordered = ordered
  }

  /** Throws `ConfigError` when a table cannot be used, or when their foreign keys form a circle. */
  static async read(
    session: Session,
    refs: readonly UpsertableTable[],
    { invalidText, signal }: { readonly invalidText: InvalidText; readonly signal: AbortSignal },
  ): Promise<UpsertTables> {
    const tables: UpsertTable[] = []
    for (const ref of refs)
      tables.push(
        new UpsertTable(await ref.describe(signal), { drizzle: ref.drizzle, ignored: ref.ignored, invalidText }),
      )
    const names = tables.map(({ info }) => info.schema.name)
    const order = parentsFirst([...new Set(names)], await readReferences(session, tables, signal))
    return new UpsertTables(
      order.flatMap((name) =>
        tables.flatMap((table, place) => (table.info.schema.name === name ? [{ table, place }] : [])),
      ),
    )
  }

  get tables(): readonly { readonly table: UpsertTable; readonly place: number }[] {
    return this.#ordered
  }

  get names(): string {
    return this.#ordered.map(({ table }) => table.info.schema.name).join(', ')
  }

  /** The statements for a batch, in their order. Throws `DataError` with `bad` when rows cannot be written. */
  encode(rowsets: Iterable<Rowset>): readonly EncodedRows[] {
    const refused = new Map<number, DataError>()
    const encoded = this.#ordered.flatMap(({ table, place }) => table.encode(rowsOfTable(rowsets, place), refused))
    const refusal = namedRefusal(refused)
    if (refusal !== undefined) throw refusal
    return encoded
  }

  /** Throws `ConfigError` when rows that could be written to the tables as they were `before` no longer can. */
  checkChange(before: UpsertTables, rowsets: Iterable<Rowset>): void {
    for (const { table, place } of this.#ordered) {
      const known = before.tables.find((one) => one.place === place)?.table.info
      const { name, columns } = table.info.schema
      const { rows } = rowsOfTable(rowsets, place)
      if (known !== undefined) checkChange({ name, before: known.schema.columns, after: columns, rows })
    }
  }

  /** Whether columns have come, gone or changed since the catalog was read. */
  async changed(session: Session, signal: AbortSignal): Promise<boolean> {
    const prints: SQL[] = this.#ordered.map(({ table }) => columnsFingerprint(sql`${table.info.oid}::oid`))
    const rows = await session.execute(sql`select array[${sql.join(prints, sql.raw(', '))}]::text[] as prints`, {
      signal,
      what: 'looking for changes of columns',
    })
    const [{ prints: current }] = Prints.parse(rows)
    return this.#ordered.some(({ table }, index) => current[index] !== table.info.fingerprint)
  }
}

const Prints = z.tuple([z.object({ prints: z.array(z.string().nullable()) })])

const References = z.array(z.object({ child: z.string(), parent: z.string() }))

/** The foreign keys among the tables that are checked before COMMIT. */
async function readReferences(
  session: Session,
  tables: readonly UpsertTable[],
  signal: AbortSignal,
): Promise<readonly Reference[]> {
  const oids = sql.param(tables.map(({ info }) => info.oid))
  const rows = await session.execute(
    sql`select conrelid::text as child, confrelid::text as parent from pg_catalog.pg_constraint
      where contype = 'f' and not condeferred and conrelid = any (${oids}::oid[]) and confrelid = any (${oids}::oid[])`,
    { signal, what: 'reading foreign keys' },
  )
  const nameOf = new Map(tables.map(({ info }) => [info.oid, info.schema.name]))
  return References.parse(rows).map(({ child, parent }) => ({
    child: nameOf.get(child) ?? child,
    parent: nameOf.get(parent) ?? parent,
  }))
}
