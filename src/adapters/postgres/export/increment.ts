import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Increment, IncrementRequest } from '../../../core/increment.js'
import type { DeclaredColumns } from '../../sql/drizzle-columns.js'
import {
  incrementBy,
  namedColumn,
  type PositionSql,
  refuseLastRun,
  type VersionColumn,
} from '../../sql/export/increment.js'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { PostgresHandle } from '../handle.js'
import { exportedColumns } from './export-column.js'

interface Rows {
  readonly database: PostgresHandle
  /** Of all rows. */
  readonly info: PostgresTableInfo
  readonly declared: DeclaredColumns
}

/** What an export of the table, or of the query, reads after another one. */
export function postgresIncrement(
  { database, info, declared }: Rows,
  request: IncrementRequest,
  signal: AbortSignal,
): Promise<Increment> {
  const isTable = info.identity === 'indexed'
  if (isTable && request.since.kind === 'last-run') return byTransaction(database, request.from, signal)
  const label = `${database.label} ${info.schema.name}`
  const since = refuseLastRun(request, label)
  const { column } = namedColumn(since, exportedColumns(info, declared), label)
  const version = { column: versionColumn(column), sql: sqlFor(column) }
  return incrementBy({ since, from: request.from }, version, async (aggregate) => {
    const asked = sql.raw(`select ${aggregate} as greatest from ${info.source} t`)
    const [row] = await database.session.execute(asked, { what: 'looking for the newest version', signal })
    return row?.['greatest']
  })
}

const KINDS: Readonly<Record<string, VersionColumn['kind']>> = {
  timestamp: 'time',
  timestamptz: 'time',
  date: 'time',
  int2: 'number',
  int4: 'number',
  int8: 'number',
  numeric: 'number',
}

function versionColumn({ name, type, facts, nullable }: PostgresColumn): VersionColumn {
  const kind = facts.schema === 'pg_catalog' ? KINDS[facts.name] : undefined
  return { expression: quoteIdentifier(name), type, kind, nullable }
}

/** Sessions are in UTC. */
function sqlFor({ cast }: PostgresColumn): PositionSql {
  return {
    greatest: ({ expression, kind }) =>
      kind === 'time'
        ? `least(max(${expression})::timestamptz, now())::text`
        : `floor(max(${expression})::numeric)::text`,
    before: (_, from, overlapMs) => `('${from}'::timestamptz - interval '${overlapMs} milliseconds')::${cast}`,
  }
}

const Horizon = z.tuple([z.object({ horizon: z.string().regex(/^\d+$/) })])
const POSITION = /^(\d{1,19})@(.*)$/s

/**
 * Below the horizon of a snapshot every transaction has ended, and what it committed is seen. So a row that an export has not
 * seen is of a transaction at or above the horizon that was asked for before it. Of that transaction a row keeps the lower
 * 32 bits: rows of one long ago may be taken for new, and none that is new for old.
 */
async function byTransaction(
  database: PostgresHandle,
  from: string | undefined,
  signal: AbortSignal,
): Promise<Increment> {
  const { id } = await database.identify(signal)
  const asked = sql`select pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text as horizon`
  const options = { what: 'asking for the horizon', signal }
  const [{ horizon }] = Horizon.parse(await database.session.execute(asked, options))
  const to = `${horizon}@${id}`
  const [, last, server] = POSITION.exec(from ?? '') ?? []
  // Another server, or one that was restored, counts transactions of its own.
  if (last === undefined || server !== id) return { where: undefined, to }
  const low = BigInt(last) & 0xffffffffn
  const where = `((xmin::text::int8 - ${low}) & 4294967295) < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 - ${last}`
  return { where, to }
}
