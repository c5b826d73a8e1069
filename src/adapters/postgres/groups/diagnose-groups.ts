import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { LOOKUP_KEYS } from '../../../core/groups.js'
import { SMALL_ROWS } from '../../../core/index-advice.js'
import { diagnoseGroups, type GroupReads, someKeys, type WantedIndex } from '../../sql/diagnose-groups.js'
import type { PostgresHandle } from '../handle.js'
import { type Plan, planOf, readsAll } from '../plan/plan.js'
import type { Session } from '../session/session.js'
import { indexStatement } from './describe-groups.js'
import type { PostgresGroupColumn } from './group-column.js'
import { keysetStatement, lookupStatement, sortedStatement } from './group-sql.js'
import { indexBytes, PAGE_BYTES, readStatistics, type TableStatistics } from './index-size.js'
import { type LaneKind, laneSettings } from './lane-settings.js'

/** What reading the columns costs, and which indexes would make it cheaper. */
export async function diagnoseColumns(
  database: PostgresHandle,
  columns: readonly PostgresGroupColumn[],
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const found: Diagnosis[] = []
  for (const column of columns) found.push(diagnoseGroups(await readsOf(database, column, signal)))
  return found
}

async function readsOf(
  database: PostgresHandle,
  column: PostgresGroupColumn,
  signal: AbortSignal,
): Promise<GroupReads> {
  const nothing = { column, count: {}, look: {}, looksAtAll: false, wanted: undefined }
  if (column.estimatedRows < SMALL_ROWS) return nothing
  const planned = <Result>(kind: LaneKind, work: (session: Session) => Promise<Result>): Promise<Result> =>
    database.session.transaction(
      async (session) => {
        await session.execute(laneSettings(kind))
        return work(session)
      },
      { readOnly: true, what: 'planning', signal },
    )
  if (column.indexed) {
    if (column.single || column.valueName === undefined) return nothing
    const covered = await planned('indexed', (session) => isCovered(session, column))
    if (covered) return nothing
  }
  const all = { after: undefined, limit: 2 ** 31 - 1 }
  const count = column.indexed
    ? await planned('indexed', (session) => planOf(session, keysetStatement(column, all)))
    : await planned('sorted', (session) => planOf(session, sortedStatement(column, { after: undefined })))
  const [look, statistics] = await planned('sorted', async (session) => [
    await planOf(session, lookupStatement(column, someKeys(column.order))),
    await readStatistics(session, column),
  ])
  const { bytes } = statistics
  const wanted = wantedIndex(column, statistics)
  // Where rows lie in the order of the index, fetching them one by one costs little.
  const pays = !column.indexed || (wanted.count.planner ?? 0) * WORTH < count.cost
  return {
    column,
    count: { rows: column.estimatedRows, bytes, planner: count.cost },
    look: lookCost(look, column, bytes),
    looksAtAll: readsAll(look),
    wanted: pays ? wanted : undefined,
    ...(statistics.unseenShare > MOSTLY ? { note: UNSEEN } : {}),
  }
}

const MOSTLY = 0.5
const UNSEEN =
  'VACUUM the table too, as most of its pages are not known to be visible to all and would be read beside the index'

/** How much cheaper an index must be that is to stand beside one that works. */
const WORTH = 3

function lookCost(look: Plan, { estimatedRows }: PostgresGroupColumn, bytes: number): GroupReads['look'] {
  if (readsAll(look)) return { rows: estimatedRows, bytes, planner: look.cost }
  return { planner: look.cost }
}

const Found = z.tuple([z.object({ found: z.boolean() })])

/** Some index that begins with the key holds the value too. */
async function isCovered(session: Session, { oid, keyName, valueName }: PostgresGroupColumn): Promise<boolean> {
  const rows = await session.execute(sql`select exists (
    select from pg_catalog.pg_index i
    join pg_catalog.pg_attribute k on k.attrelid = i.indrelid and k.attnum = i.indkey[0]
    join pg_catalog.pg_attribute v on v.attrelid = i.indrelid and v.attnum = any (i.indkey)
    where i.indrelid = ${oid}::oid and i.indisvalid and k.attname = ${keyName} and v.attname = ${valueName}) as found`)
  return Found.parse(rows)[0].found
}

/** As PostgreSQL would cost a scan of the index alone, in order. */
function wantedIndex(column: PostgresGroupColumn, statistics: TableStatistics): WantedIndex {
  const { estimatedRows: rows, keyName, valueName, single } = column
  const { key, costs } = statistics
  const sizeBytes = indexBytes(rows, statistics)
  const filled = rows * (1 - (key?.nullShare ?? 0))
  const pages = sizeBytes === undefined ? undefined : sizeBytes / PAGE_BYTES
  const perRow = costs.indexTuple + costs.tuple + 2 * costs.operator
  const planner = pages === undefined ? {} : { planner: pages * costs.randomPage + filled * perRow }
  const distinct = key?.distinct
  return {
    columns: valueName === undefined || single ? [keyName] : [keyName, valueName],
    statement: indexStatement(column),
    sizeBytes,
    count: { rows: filled, ...(sizeBytes === undefined ? {} : { bytes: sizeBytes }), ...planner },
    look: distinct === undefined ? {} : { rows: Math.min(1, LOOKUP_KEYS / Math.max(distinct, 1)) * filled },
  }
}
