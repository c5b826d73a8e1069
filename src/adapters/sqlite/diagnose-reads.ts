import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { ReadsAsked } from '../../core/database.js'
import type { Diagnosis } from '../../core/diagnosis.js'
import { SMALL_ROWS } from '../../core/index-advice.js'
import { diagnoseReads } from '../sql/diagnose-reads.js'
import { declaredColumns } from '../sql/drizzle-columns.js'
import type { SqliteTableInfo } from './catalog/catalog.js'
import { quoteIdentifier } from './catalog/identifiers.js'
import { exportedColumns } from './export/export-column.js'
import type { SqliteHandle } from './handle.js'
import { planOf, readsAll } from './plan/plan.js'
import { estimateRows, freeIndexName } from './plan/table-facts.js'

interface Read {
  readonly info: SqliteTableInfo
  readonly table: SQLiteTable | undefined
}

/** What reading the table so costs. SQLite does not tell how many rows a filter keeps: nothing is said of it. */
export async function diagnoseSqliteReads(
  database: SqliteHandle,
  { info, table }: Read,
  { asked, signal }: { readonly asked: ReadsAsked; readonly signal: AbortSignal },
): Promise<readonly Diagnosis[]> {
  await using snapshot = await database.snapshot({ what: 'planning', signal })
  const rows = await estimateRows(snapshot, info.name, signal)
  const subject = `${database.label} ${info.name}`
  if (rows < SMALL_ROWS) return []
  if (asked.since === undefined) return asked.where === undefined ? diagnoseReads({ subject, rows }) : []
  const found = exportedColumns(info.columns, declaredColumns(table)).find(({ name }) => name === asked.since)
  // Times are stored as text of any form, and compared by what they mean: no index on the column serves that.
  if (found === undefined || !/int/i.test(found.type)) return []
  const column = found.stored
  const [name, source] = [quoteIdentifier(column), quoteIdentifier(info.name)]
  const plan = await planOf(snapshot, `select * from ${source} where ${name} >= 0 or ${name} is null`, { signal })
  if (!readsAll(plan)) return diagnoseReads({ subject, rows, since: { column } })
  const index = await freeIndexName(snapshot, [info.name, column], signal)
  const statement = `CREATE INDEX ${quoteIdentifier(index)} ON ${source} (${name});`
  return diagnoseReads({ subject, rows, since: { column, missing: { column, statement, now: { rows }, after: {} } } })
}
