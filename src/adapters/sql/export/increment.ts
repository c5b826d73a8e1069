import { ConfigError } from '../../../core/errors.js'
import type { Increment, IncrementRequest, Since } from '../../../core/increment.js'
import { nearMisses } from '../near-misses.js'

/** What `since` of a feed may name, and the SQL of it. */
export interface VersionColumn {
  /** Quoted. */
  readonly expression: string
  /** The database's own type name. */
  readonly type: string
  /** What its values are; `undefined`: nothing of which one is newer than another. */
  readonly kind: 'time' | 'number' | undefined
  readonly nullable: boolean
}

/** How a database writes positions, and what is before them. */
export interface PositionSql {
  /** An aggregate: the greatest value as text; of times none later than the server's own clock, as of rounded numbers the lower. */
  greatest(column: VersionColumn): string
  /** A value of the column's type: `overlap` milliseconds before `from`. */
  before(column: VersionColumn, from: string, overlapMs: number): string
}

type ColumnSince = Exclude<Since, { readonly kind: 'last-run' }>

/** Positions are read from a file that others may have written, and become SQL. */
const POSITIONS = {
  time: /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?(\+00)?$/,
  number: /^-?\d{1,38}$/,
} as const

/**
 * Rows whose version is not surely older than the export before. The greatest value is asked for before that export begins, so
 * that what is committed in between is in both.
 *
 * @param ask runs the aggregate over all rows.
 */
export async function incrementBy(
  { since, from }: { readonly since: ColumnSince; readonly from: string | undefined },
  { column, sql }: { readonly column: VersionColumn; readonly sql: PositionSql },
  ask: (aggregate: string) => Promise<unknown>,
): Promise<Increment> {
  if (column.kind !== since.kind) throw wrongKind(since, column)
  const greatest = await ask(sql.greatest(column))
  const to = greatest === null || greatest === undefined ? from : String(greatest)
  if (from === undefined || !POSITIONS[since.kind].test(from)) return { where: undefined, to }
  const least = since.kind === 'time' ? sql.before(column, from, since.overlapMs) : lower(from, since.overlap)
  const newer = `${column.expression} >= ${least}`
  return { where: column.nullable ? `(${newer} or ${column.expression} is null)` : newer, to }
}

function lower(from: string, overlap: number): string {
  return String(BigInt(from) - BigInt(overlap))
}

/** The column of an export that `since` names. Throws `ConfigError`. */
export function namedColumn<Column extends { readonly name: string }>(
  { column: name }: ColumnSince,
  columns: readonly Column[],
  label: string,
): Column {
  const found = columns.find((column) => column.name === name)
  if (found !== undefined) return found
  const near = nearMisses(
    name,
    columns.map((column) => column.name),
  )
  const fix = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'name a column of the table'
  throw problem('column-missing', `${label} has no column ${name}`, fix)
}

export function refuseLastRun({ since }: IncrementRequest, label: string): ColumnSince {
  if (since.kind !== 'last-run') return since
  throw problem(
    'since-unsupported',
    `${label} does not say which transaction wrote a row, as tables of PostgreSQL do`,
    "name a column that tells newer rows: since: { column: 'updated_at', overlapMs: 600_000 }",
  )
}

function wrongKind({ column: name, kind }: ColumnSince, { type, kind: found }: VersionColumn): ConfigError {
  if (found === undefined) {
    return problem('since-unsupported', `column ${name} is ${type}, of which no value is newer`, FIX)
  }
  const right = kind === 'time' ? 'overlap: 1_000' : 'overlapMs: 600_000'
  return problem(
    'since-unsupported',
    `column ${name} is ${type}, a ${found}`,
    `write since: { column: '${name}', ${right} }`,
  )
}

const FIX = 'name a date with time, or a whole number'

function problem(code: string, message: string, fix: string): ConfigError {
  return new ConfigError({ code, key: 'feed({ since })', message, fix })
}
