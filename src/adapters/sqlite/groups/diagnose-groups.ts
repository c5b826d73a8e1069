import type { Diagnosis } from '../../../core/diagnosis.js'
import { LOOKUP_KEYS } from '../../../core/groups.js'
import { SMALL_ROWS } from '../../../core/index-advice.js'
import { diagnoseGroups, type GroupReads, someKeys } from '../../sql/diagnose-groups.js'
import type { SqliteHandle } from '../handle.js'
import { comesInOrder, isCovered, planOf, readsAll } from '../plan/plan.js'
import type { Snapshot } from '../session/session.js'
import { indexStatement } from './describe-groups.js'
import { keysetStatement, literalOf, lookupStatement, type SqliteGroupColumn } from './group-column.js'

/** What reading the columns costs, and which indexes would make it cheaper. SQLite tells neither sizes nor costs. */
export async function diagnoseColumns(
  database: SqliteHandle,
  columns: readonly SqliteGroupColumn[],
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  await using snapshot = await database.snapshot({ what: 'planning', signal })
  const found: Diagnosis[] = []
  for (const column of columns) found.push(diagnoseGroups(await readsOf(snapshot, column, signal)))
  return found
}

async function readsOf(snapshot: Snapshot, column: SqliteGroupColumn, signal: AbortSignal): Promise<GroupReads> {
  const { estimatedRows: rows, keyName, valueName } = column
  const nothing = { column, count: {}, look: {}, looksAtAll: false, wanted: undefined }
  if (rows < SMALL_ROWS) return nothing
  const counting = await planOf(snapshot, keysetStatement(column, { after: undefined, limit: 1 }), { signal })
  const covered = valueName === undefined || isCovered(counting)
  if (comesInOrder(counting) && covered) return nothing
  const literals = someKeys(column.order).flatMap((key) => literalOf(column, key) ?? [])
  const looksAtAll = readsAll(await planOf(snapshot, lookupStatement(column, literals), { signal }))
  return {
    column,
    count: { rows },
    look: { rows: looksAtAll ? rows : LOOKUP_KEYS },
    looksAtAll,
    wanted: {
      columns: valueName === undefined ? [keyName] : [keyName, valueName],
      statement: indexStatement(column),
      sizeBytes: undefined,
      count: { rows },
      look: {},
    },
  }
}
