import type { Increment, IncrementRequest, Since } from '../../../core/increment.js'
import type { DeclaredColumns } from '../../sql/drizzle-columns.js'
import {
  incrementBy,
  namedColumn,
  type PositionSql,
  refuseLastRun,
  type VersionColumn,
} from '../../sql/export/increment.js'
import type { ReadableRows } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { SqliteHandle } from '../handle.js'
import { exportedColumns } from './export-column.js'

interface Rows {
  readonly database: SqliteHandle
  /** All of them. */
  readonly rows: ReadableRows
  readonly declared: DeclaredColumns
}

/** What an export of the table, or of the query, reads after another one. */
export function sqliteIncrement(
  { database, rows, declared }: Rows,
  request: IncrementRequest,
  signal: AbortSignal,
): Promise<Increment> {
  const label = `${database.label} ${rows.name}`
  const since = refuseLastRun(request, label)
  const { stored, type } = namedColumn(since, exportedColumns(rows.columns, declared), label)
  const column = versionColumn(stored, type, since.kind)
  const source = rows.query === undefined ? quoteIdentifier(rows.name) : `(\n${rows.query}\n)`
  return incrementBy({ since, from: request.from }, { column, sql: POSITION_SQL }, async (aggregate) => {
    const options = { what: 'looking for the newest version', signal }
    const { rows: found } = await database.session.execute(
      `select ${aggregate} as greatest from ${source} t`,
      [],
      options,
    )
    return found[0]?.['greatest']
  })
}

/** A column takes whatever it is given: what is no time, or no number, is read each time. */
function versionColumn(name: string, type: string, kind: Exclude<Since['kind'], 'last-run'>): VersionColumn {
  const column = quoteIdentifier(name)
  const expression = kind === 'time' ? `julianday(${column})` : column
  return { expression, type, kind, nullable: true }
}

const POSITION_SQL: PositionSql = {
  greatest: ({ expression, kind }) =>
    kind === 'time'
      ? `strftime('%Y-%m-%d %H:%M:%f', min(max(${expression}), julianday('now')))`
      : `cast(max(${expression}) as integer)`,
  before: (_, from, overlapMs) => `julianday('${from}') - ${overlapMs + 1} / 86400000.0`,
}
