import type { UpsertOptions, UpsertSink } from '../../../core/upsert.js'
import type { InvalidText } from '../../sql/clean-text.js'
import { parentsFirst } from '../../sql/foreign-key-order.js'
import type { SqliteHandle } from '../handle.js'
import type { SqliteTableRef } from '../table-ref.js'
import { SqliteUpsertSink, type UpsertTables } from './upsert-sink.js'
import { UpsertTable } from './upsert-table.js'

/** See `Upserts` in core/database.ts. */
export async function openUpserts(
  database: SqliteHandle,
  refs: readonly SqliteTableRef[],
  { options, signal }: { readonly options: UpsertOptions; readonly signal: AbortSignal },
): Promise<UpsertSink> {
  const { invalidText = 'reject' } = options
  const read = (now: AbortSignal): Promise<UpsertTables> => readTables(refs, invalidText, now)
  return new SqliteUpsertSink(database, await read(signal), read)
}

/** In the order of writing. */
async function readTables(
  refs: readonly SqliteTableRef[],
  invalidText: InvalidText,
  signal: AbortSignal,
): Promise<UpsertTables> {
  const tables: UpsertTable[] = []
  for (const ref of refs) {
    const ignored = new Set(ref.options.ignore)
    tables.push(new UpsertTable(await ref.describe(signal), { drizzle: ref.drizzle, ignored, invalidText }))
  }
  const names = [...new Set(tables.map(({ info }) => info.name))]
  // Foreign keys name tables in any case.
  const nameOf = new Map(names.map((name) => [name.toLowerCase(), name]))
  const references = tables.flatMap(({ info }) =>
    info.parents.map((parent) => ({ child: info.name, parent: nameOf.get(parent.toLowerCase()) ?? parent })),
  )
  return parentsFirst(names, references).flatMap((name) =>
    tables.flatMap((table, place) => (table.info.name === name ? [{ table, place }] : [])),
  )
}
