import type { UpsertOptions, UpsertSink } from '../../../core/upsert.js'
import type { MysqlHandle } from '../handle.js'
import type { MysqlTableRef } from '../table-ref.js'
import { MysqlUpsertSink } from './upsert-sink.js'
import { UpsertTables } from './upsert-tables.js'

/** See `Upserts` in core/database.ts. */
export async function openUpserts(
  database: MysqlHandle,
  refs: readonly MysqlTableRef[],
  { options, signal }: { readonly options: UpsertOptions; readonly signal: AbortSignal },
): Promise<UpsertSink> {
  const { invalidText = 'reject' } = options
  const read = (now: AbortSignal): Promise<UpsertTables> =>
    UpsertTables.read(database, refs, { invalidText, signal: now })
  return new MysqlUpsertSink(database, await read(signal), read)
}
