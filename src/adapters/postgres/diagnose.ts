import type { TableUse } from '../../core/database.js'
import type { Diagnosis } from '../../core/diagnosis.js'
import type { PostgresTableRef } from './table-ref.js'

/** What would stop or slow a use of the table. Changes nothing. */
export async function diagnoseTable(ref: PostgresTableRef, _use: TableUse, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  await ref.open(signal)
  return []
}
