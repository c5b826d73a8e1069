import { type SQL, sql } from 'drizzle-orm'
import type { Bucket } from '../../../core/table.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { columnsFingerprint } from '../catalog/fingerprint.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { bucketIndex, inBuckets } from '../digest/digest-sql.js'
import { ColumnarRows } from '../rows/columnar.js'
import type { ResultRow, Session } from '../session/session.js'
import type { Exclusions } from './ledger.js'
import { fullXid, shortXid } from './snapshot.js'
import { columnsChanged } from './table-changed.js'

/** A stretch of a table's pages. */
export interface Stretch {
  /** First page, or the row after which to go on. */
  readonly from: number | { readonly after: string }
  /** First page that is left out; `undefined`: to the end, however far it has grown. */
  readonly to: number | undefined
}

export interface ReadOptions {
  /** Rows of older transactions are left out. */
  readonly floor: number
  /** Rows of this transaction and younger ones are left out; `undefined`: of none. */
  readonly below: number | undefined
  /** A full transaction id that no row's exceeds: the next one to be given out, or a little less. */
  readonly xmax: number
  readonly exclude: Exclusions
  /** Only rows whose keys are in these; `undefined`: all. */
  readonly within: readonly Bucket[] | undefined
  /** Stop after about so many bytes of values; for tables that hold values out of line. */
  readonly budgetBytes: number | undefined
  readonly signal: AbortSignal
}

export interface Reading {
  readonly rows: ColumnarRows
  /** Full ids of the transactions that wrote them. */
  readonly xids: readonly number[]
  /** Of the table as it was read. */
  readonly filenode: string
  /** For each of them the lowest page in which a row was found. */
  readonly firstPages: readonly number[]
  /** The row after which to go on, when the budget was spent before the end of the stretch. */
  readonly resume: string | undefined
}

interface Group extends ResultRow {
  readonly filenode: string
  readonly fingerprint: string | null
  readonly xid: string | null
  readonly rows: number
  readonly more: boolean
  readonly first: string
  readonly last: string
}

/**
 * One statement, so one snapshot: the rows in a stretch of pages that no transaction in `exclude` and none below the
 * floor wrote, a result row per writing transaction, each column as one array literal. The cost is that of `count(*)`
 * over the stretch plus what comes back; no row is parsed here.
 */
export async function readStretch(
  session: Session,
  table: PostgresTableInfo,
  stretch: Stretch,
  options: ReadOptions,
): Promise<Reading> {
  const groups = await session.execute<Group>(statement(table, stretch, options), { signal: options.signal })
  // Of the same snapshot as the rows: what is in a column that this process does not know is never left out in silence.
  if (groups[0]?.fingerprint !== table.fingerprint) throw columnsChanged(table)
  const found = groups.filter((group) => group.xid !== null)
  return {
    rows: concatenate(found, table.columns.length),
    // A row's transaction may have begun after `xmax` was read; 2^31 leaves room on both sides.
    xids: found.map((group) => fullXid(Number(group.xid), options.xmax + 2 ** 31)),
    filenode: groups[0]?.filenode ?? '',
    firstPages: found.map((group) => pageOf(group.first)),
    resume: found.some((group) => group.more) ? found.map((group) => group.last).reduce(laterTid) : undefined,
  }
}

function statement(table: PostgresTableInfo, stretch: Stretch, options: ReadOptions): SQL {
  const arrays = table.columns.map(
    (column, index) => `array_agg(c${index}${column.transport === 'text' ? '::text' : ''})::text as c${index}`,
  )
  const found = matching(table, stretch, options)
  return sql`select pg_relation_filenode(${table.oid}::oid)::text as filenode,
      ${columnsFingerprint(sql`${table.oid}::oid`)} as fingerprint, r.*
    from (select 1) as one left join (
      select xid::text as xid, count(*)::int4 as rows, bool_or(more) as more, min(tid)::text as first, max(tid)::text as last, ${sql.raw(arrays.join(', '))}
      from (${options.budgetBytes === undefined ? found : withinBudget(found, table, options.budgetBytes)}) as found group by xid
    ) as r on true`
}

/** Columns are called c0, c1, ...: the user's own names could be any of those used here. */
function matching(table: PostgresTableInfo, stretch: Stretch, { floor, below, exclude, within }: ReadOptions): SQL {
  const columns = table.columns.map((column, index) => `t.${quoteIdentifier(column.name)} as c${index}`).join(', ')
  const from =
    typeof stretch.from === 'number'
      ? sql`t.ctid >= ${tidOf(stretch.from)}::tid`
      : sql`t.ctid > ${stretch.from.after}::tid`
  const to = stretch.to === undefined ? sql`` : sql`and t.ctid < ${tidOf(stretch.to)}::tid`
  const young = below === undefined ? sql`0` : sql`age(${String(shortXid(below))}::xid) + 1`
  return sql`select t.xmin as xid, t.ctid as tid, false as more, ${sql.raw(columns)}
    from only ${sql.raw(table.qualified)} as t
    where ${from} ${to} and age(t.xmin) between ${young} and age(${String(shortXid(floor))}::xid) ${notDelivered(exclude)} ${ofKeys(table, within)}`
}

/** After what leaves out most rows, as a hash costs more. */
function ofKeys(table: PostgresTableInfo, within: readonly Bucket[] | undefined): SQL {
  if (within === undefined) return sql``
  return sql`and ${inBuckets({ bucketIndex: (depth) => bucketIndex(table, depth) }, within)}`
}

function notDelivered({ xids, pages }: Exclusions): SQL {
  if (xids.length === 0) return sql``
  return sql`and not exists (
    select from unnest(${`{${xids.map(shortXid).join(',')}}`}::xid[], ${`{${pages.map((page) => `"${tidOf(page)}"`).join(',')}}`}::tid[]) as d(x, p)
    where d.x = t.xmin and t.ctid >= d.p)`
}

/** The first rows up to the budget, at least one. Sizes are known without fetching what is stored out of line. */
function withinBudget(found: SQL, table: PostgresTableInfo, budgetBytes: number): SQL {
  const columns = table.columns.map((_, index) => `c${index}`).join(', ')
  const size = table.columns.map((column, index) => sizeOf(column.type, `c${index}`)).join(' + ')
  return sql`select xid, tid, total > ${budgetBytes}::int8 as more, ${sql.raw(columns)} from (
      select *, sum(size) over (order by tid) - size as before, sum(size) over () as total
      from (select *, (${sql.raw(size)})::int8 as size from (${found}) as plain) as sized
    ) as running where before < ${budgetBytes}::int8`
}

function sizeOf(type: string, name: string): string {
  if (/^(text|character|bytea)/.test(type)) return `(coalesce(octet_length(${name}), 0) * 2 + 8)`
  if (/^(smallint|integer|bigint|boolean|uuid|date|time|real|double|oid)/.test(type)) return '32'
  // The stored size may be that of a compressed value.
  return `(coalesce(pg_column_size(${name}), 0) * 8 + 8)`
}

function concatenate(groups: readonly Group[], columnCount: number): ColumnarRows {
  const columns = Array.from({ length: columnCount }, (_, index) => {
    const literals = groups.map((group) => String(group[`c${index}`]))
    return literals.length === 1
      ? (literals[0] ?? '{}')
      : `{${literals.map((literal) => literal.slice(1, -1)).join(',')}}`
  })
  return new ColumnarRows(
    columns,
    groups.reduce((sum, group) => sum + group.rows, 0),
  )
}

function tidOf(page: number): string {
  return `(${page},0)`
}

function laterTid(left: string, right: string): string {
  const [leftPage = 0, leftOffset = 0] = numbersOf(left)
  const [rightPage = 0, rightOffset = 0] = numbersOf(right)
  return leftPage > rightPage || (leftPage === rightPage && leftOffset > rightOffset) ? left : right
}

function numbersOf(tid: string): number[] {
  return tid.slice(1, -1).split(',').map(Number)
}

/** The page of a tid's text. */
export function pageOf(tid: string): number {
  return numbersOf(tid)[0] ?? 0
}
