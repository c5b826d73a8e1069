import type { UpsertOptions, UpsertSink } from '../../../core/upsert.js'
import type { PostgresHandle, UpsertableTable } from '../handle.js'
import { PostgresUpsertSink } from './upsert-sink.js'
import { UpsertTables } from './upsert-tables.js'

/** See `Upserts` in core/database.ts. */
export async function openUpserts(
  database: PostgresHandle,
  refs: readonly UpsertableTable[],
  { options, signal }: { readonly options: UpsertOptions; readonly signal: AbortSignal },
): Promise<UpsertSink> {
  const { invalidText = 'reject' } = options
  const read = (now: AbortSignal): Promise<UpsertTables> =>
    UpsertTables.read(database.session, refs, { invalidText, signal: now })
  return new PostgresUpsertSink(database, await read(signal), read)
}
