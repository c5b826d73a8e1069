import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { LOOKUP_KEYS } from '../../../core/groups.js'
import { type ReadCost, SMALL_ROWS } from '../../../core/index-advice.js'
import { diagnoseGroups, type GroupReads, someKeys, type WantedIndex } from '../../sql/diagnose-groups.js'
import type { MysqlHandle } from '../handle.js'
import { type Plan, planOf, readsAll } from '../plan/plan.js'
import type { Session } from '../session/session.js'
import type { MysqlGroupColumn } from './group-column.js'
import { keysetStatement, lookupStatement, sortedStatement } from './group-sql.js'
import { tableBytes } from './index-size.js'
import { adviceFor, wantedBytes, wantedColumns } from './wanted-index.js'

/** What reading the columns costs, and which indexes would make it cheaper. */
export async function diagnoseColumns(
  database: MysqlHandle,
  columns: readonly MysqlGroupColumn[],
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  return database.session.transaction(
    async (session) => {
      const found: Diagnosis[] = []
      for (const column of columns) found.push(diagnoseGroups(await readsOf(session, column)))
      return found
    },
    { readOnly: true, what: 'planning', signal },
  )
}

async function readsOf(session: Session, column: MysqlGroupColumn): Promise<GroupReads> {
  const unordered = column.indexable ? {} : { unordered: UNORDERED }
  const nothing = { column, count: {}, look: {}, looksAtAll: false, wanted: undefined, ...unordered }
  const good = column.found && (column.holdsValue || !column.indexable)
  if (column.estimatedRows < SMALL_ROWS || good) return nothing
  const statement = adviceFor(column)
  if (statement === undefined) return nothing
  const bytes = await tableBytes(session, column.table)
  const all = { after: undefined, limit: 2 ** 31 - 1 }
  const counting = column.indexed ? keysetStatement(column, all) : sortedStatement(column, { after: undefined })
  const count = await planOf(session, counting)
  const look = await planOf(session, lookupStatement(column, someKeys(column.order)))
  // An expression that the lookup compares with is in no index.
  if (!column.indexed && !readsAll(look)) return nothing
  return {
    column,
    count: costOf(count, column, bytes),
    look: costOf(look, column, bytes),
    looksAtAll: readsAll(look),
    wanted: await wantedIndex(session, column, statement),
    ...unordered,
  }
}

const UNORDERED = 'the order of its type or collation is not the one that all engines share'

function costOf(plan: Plan, { estimatedRows: rows }: MysqlGroupColumn, bytes: number | undefined): ReadCost {
  const planner = plan.cost === undefined ? {} : { planner: plan.cost }
  if (!readsAll(plan)) return planner
  return { rows, ...(bytes === undefined ? {} : { bytes }), ...planner }
}

async function wantedIndex(session: Session, column: MysqlGroupColumn, statement: string): Promise<WantedIndex> {
  const { estimatedRows: rows } = column
  const sizeBytes = wantedBytes(column)
  const distinct = await distinctKeys(session, column)
  return {
    columns: wantedColumns(column).map(({ name }) => name),
    statement,
    sizeBytes,
    count: { rows, ...(sizeBytes === undefined ? {} : { bytes: sizeBytes }) },
    look: distinct === undefined ? {} : { rows: Math.min(1, LOOKUP_KEYS / Math.max(distinct, 1)) * rows },
  }
}

const Cardinality = z.array(z.object({ different: z.coerce.number().nullable() }))

/** The server only knows it of columns that some index holds first, or that were analyzed for it. */
async function distinctKeys(session: Session, { table, keyColumn }: MysqlGroupColumn): Promise<number | undefined> {
  const rows = await session.execute(sql`select max(cardinality) as different from information_schema.statistics
    where table_schema = ${table.schema} and table_name = ${table.name} and column_name = ${keyColumn.name} and seq_in_index = 1`)
  return Cardinality.parse(rows)[0]?.different ?? undefined
}
