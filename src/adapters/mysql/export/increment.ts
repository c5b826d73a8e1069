import { sql } from 'drizzle-orm'
import type { Increment, IncrementRequest } from '../../../core/increment.js'
import type { DeclaredColumns } from '../../sql/drizzle-columns.js'
import {
  incrementBy,
  namedColumn,
  type PositionSql,
  refuseLastRun,
  type VersionColumn,
} from '../../sql/export/increment.js'
import type { ReadableRows } from '../catalog/catalog.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'
import type { MysqlHandle } from '../handle.js'
import { exportedColumns } from './export-column.js'

interface Rows {
  readonly database: MysqlHandle
  /** All of them. */
  readonly rows: ReadableRows
  readonly declared: DeclaredColumns
}

/** What an export of the table, or of the query, reads after another one. */
export function mysqlIncrement(
  { database, rows, declared }: Rows,
  request: IncrementRequest,
  signal: AbortSignal,
): Promise<Increment> {
  const label = `${database.label} ${rows.name}`
  const since = refuseLastRun(request, label)
  const { column } = namedColumn(since, exportedColumns(rows, declared), label)
  return incrementBy(
    { since, from: request.from },
    { column: versionColumn(column), sql: POSITION_SQL },
    async (aggregate) => {
      const asked = sql.raw(`select ${aggregate} as greatest from ${rows.source} t`)
      const [row] = await database.session.execute(asked, { what: 'looking for the newest version', signal })
      return row?.['greatest']
    },
  )
}

function versionColumn({ name, type, dataType, nullable }: MysqlColumn): VersionColumn {
  const kind = /^(datetime|timestamp|date)$/.test(dataType)
    ? 'time'
    : /^((tiny|small|medium|big)?int|decimal)$/.test(dataType)
      ? 'number'
      : undefined
  return { expression: identifier(name), type, kind, nullable }
}

/** Sessions are in UTC. */
const POSITION_SQL: PositionSql = {
  greatest: ({ expression, kind }) =>
    kind === 'time'
      ? `date_format(least(max(${expression}), utc_timestamp(6)), '%Y-%m-%d %H:%i:%s.%f')`
      : `cast(floor(max(${expression})) as char)`,
  before: (_, from, overlapMs) => `cast('${from}' as datetime(6)) - interval ${overlapMs}000 microsecond`,
}
