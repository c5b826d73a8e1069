import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Bucket, Row } from '../../core/table.js'
import type { PostgresColumn, PostgresTableInfo } from './catalog.js'
import { inBuckets } from './digest-sql.js'
import { quoteIdentifier } from './identifiers.js'
import { lookupRows, rowSelect, toRows } from './lookup.js'
import { readPass } from './read-pass.js'
import type { Session } from './session.js'
import { streamed } from './streamed.js'

/** Rows of a page. Without TOAST a row is a few kB at most. */
const PAGE_ROWS = 2_000
/** Bytes of a page of a table that has values in TOAST, where one row can be of any size. */
const PAGE_BYTES = 4_000_000

type Emit = (page: readonly Row[]) => Promise<void>

interface Scan {
  readonly session: Session
  readonly info: PostgresTableInfo
  readonly signal: AbortSignal
}

/**
 * The rows in the buckets, read by a cursor, so that the server holds no more than a page either. Where rows may be
 * large, the cursor brings only keys and sizes, and the rows follow in groups of bounded size.
 */
export function scanRows(
  session: Session,
  info: PostgresTableInfo,
  within: readonly Bucket[],
  signal: AbortSignal,
): AsyncIterable<readonly Row[]> {
  return streamed((emit) =>
    readPass(session, { what: 'reading rows', signal }, async (transaction) => {
      const scan: Scan = { session: transaction, info, signal }
      const large = await mayBeLarge(transaction, info)
      const columns = large ? sizedSelect(info) : rowSelect(info.columns, 't')
      await transaction.execute(sql`
        declare lockstep_scan no scroll cursor for
        select ${columns} from ${sql.raw(info.qualified)} t where ${inBuckets(info, within)}`)
      await (large ? emitBySize(scan, emit) : emitPages(scan, emit))
    }),
  )
}

/** Whether some value of the table (or of a partition of it) is stored out of line. */
async function mayBeLarge(session: Session, info: PostgresTableInfo): Promise<boolean> {
  const result = await session.execute(sql`
    select exists (
      select from pg_catalog.pg_class c
      where (c.oid = ${info.oid}::oid or c.oid in (select relid from pg_catalog.pg_partition_tree(${info.oid}::oid::regclass)))
        and c.reltoastrelid <> 0 and pg_catalog.pg_relation_size(c.reltoastrelid) > 0) as large`)
  return z.tuple([z.object({ large: z.boolean() })]).parse(result)[0].large
}

async function emitPages({ session, info }: Scan, emit: Emit): Promise<void> {
  for (;;) {
    const page = toRows(await fetchPage(session), info.columns.length)
    if (page.length > 0) await emit(page)
    if (page.length < PAGE_ROWS) return
  }
}

async function emitBySize({ session, info, signal }: Scan, emit: Emit): Promise<void> {
  for (;;) {
    const sized = toRows(await fetchPage(session), info.keyColumns.length + 1)
    for (const keys of groupsBySize(sized)) await emit(await lookupRows(session, info, keys, signal))
    if (sized.length < PAGE_ROWS) return
  }
}

/** Keys in groups whose rows have together `PAGE_BYTES`, or one row when it alone has more. */
function* groupsBySize(sized: readonly Row[]): Iterable<readonly Row[]> {
  let group: Row[] = []
  let bytes = 0
  for (const row of sized) {
    const size = Number(row.at(-1) ?? 0)
    if (group.length > 0 && bytes + size > PAGE_BYTES) {
      yield group
      group = []
      bytes = 0
    }
    group.push(row.slice(0, -1))
    bytes += size
  }
  if (group.length > 0) yield group
}

async function fetchPage(session: Session): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return session.execute(sql.raw(`fetch ${PAGE_ROWS} from lockstep_scan`))
}

function sizedSelect(info: PostgresTableInfo): SQL {
  const sizes = info.columns.map((column) => `coalesce(${sizeOf(column)}, 0)`).join(' + ')
  return sql`${rowSelect(info.keyColumns, 't')}, (${sql.raw(sizes)})::text as ${sql.raw(`c${info.keyColumns.length}`)}`
}

/** `octet_length` knows the size of a compressed text without unpacking it; for the rest the stored size must do. */
function sizeOf(column: PostgresColumn): string {
  const value = `t.${quoteIdentifier(column.name)}`
  const plain = column.facts.name === 'text' || column.facts.name === 'varchar' || column.facts.name === 'bytea'
  return plain ? `pg_catalog.octet_length(${value})` : `pg_catalog.pg_column_size(${value})`
}
