import { type SQL, sql } from 'drizzle-orm'
import type { Bucket, BucketRows, Row } from '../../../core/table.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { Session } from '../session/session.js'
import { inBuckets } from './digest-sql.js'
import { toRows } from './lookup.js'
import { readPass } from './read-pass.js'
import type { RowForm } from './row-form.js'
import { INLINE_BYTES, sizeOfRow } from './row-size.js'
import { streamed } from './streamed.js'

/** Rows that a cursor brings at a time, of at most `INLINE_BYTES` each. */
const PAGE_ROWS = 1_000
const FIRST_ROWS = 20
/** Bytes of larger rows that are fetched together, or one row when it alone has more. */
const PAGE_BYTES = 4_000_000

/** The rows in the buckets, in no order. See `scanRowsInOrder`. */
export async function* scanRows(
  session: Session,
  form: RowForm,
  within: readonly Bucket[],
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const source = sql`select ${selectList(form, 0)} from ${sql.raw(form.info.source)} t where ${inBuckets(form, within)}`
  for await (const { rows } of cursorPages({ session, form, signal }, source)) yield rows
}

/**
 * The rows in the buckets, in order of bucket, read by a cursor, so that neither side holds more than a page. Of a large
 * row the cursor brings only its key; such rows follow in groups of bounded size.
 */
export function scanRowsInOrder(
  session: Session,
  form: RowForm,
  within: readonly Bucket[],
  signal: AbortSignal,
): AsyncIterable<BucketRows> {
  const source = sql`select ${selectList(form, within[0]?.depth ?? 0)} from ${sql.raw(form.info.source)} t
    where ${inBuckets(form, within)} order by ${BUCKET}`
  return cursorPages({ session, form, signal }, source)
}

interface Scan {
  readonly session: Session
  readonly form: RowForm
  readonly signal: AbortSignal
}

const BUCKET = sql.raw('"lockstep bucket"')
const SIZE = '"lockstep size"'

/** What the rows are sorted with: values as they are stored, so that large ones stay where they are. */
function selectList(form: RowForm, depth: number): SQL {
  const { info } = form
  const columns = info.columns.map((column) => `t.${quoteIdentifier(column.name)}`).join(', ')
  return sql`${sql.raw(columns)}, ${sql.raw(form.bucketIndex(depth))} as ${BUCKET}, ${sql.raw(info.identity === 'indexed' ? sizeOfRow(info) : '0')} as ${sql.raw(SIZE)}`
}

/** The cursor's columns: those of the row, then its bucket, then whether it is large, in which case only the key is filled. */
function pageSelect({ info, printed }: RowForm): string {
  const keys = new Set(info.schema.key)
  const values = info.columns.map((column, index) => {
    const value = printed(column, 't')
    const inline = keys.has(column.name) ? value : `case when t.${SIZE} <= ${INLINE_BYTES} then ${value} end`
    return `${inline} as c${index}`
  })
  const width = info.columns.length
  return [
    ...values,
    `t."lockstep bucket"::text as c${width}`,
    `case when t.${SIZE} > ${INLINE_BYTES} then t.${SIZE}::text end as c${width + 1}`,
  ].join(', ')
}

function cursorPages({ session, form, signal }: Scan, source: SQL): AsyncIterable<BucketRows> {
  return streamed((emit) =>
    readPass(session, { what: 'reading rows', signal }, async (transaction) => {
      // OFFSET 0 keeps the size and the bucket from being computed again for each column.
      await transaction.execute(sql`
        declare lockstep_scan no scroll cursor for select ${sql.raw(pageSelect(form))} from (${source} offset 0) t`)
      // Rows that no index finds again are brought whole, however large: as many as past ones say will fit.
      for (let rows = form.info.identity === 'indexed' ? PAGE_ROWS : FIRST_ROWS; ; ) {
        const fetch = sql.raw(`fetch ${rows} from lockstep_scan`)
        const page = toRows(await transaction.execute(fetch), form.info.columns.length + 2)
        for await (const { part, large } of parts({ session: transaction, form, signal }, page)) await emit(part, large)
        if (page.length < rows) return
        if (form.info.identity !== 'indexed') rows = nextRows(page, rows)
      }
    }),
  )
}

function nextRows(page: readonly Row[], rows: number): number {
  const characters = page.reduce((sum, row) => sum + row.reduce((width, value) => width + (value?.length ?? 0), 0), 0)
  const fitting = Math.floor((PAGE_BYTES * page.length) / Math.max(1, characters))
  return Math.max(1, Math.min(PAGE_ROWS, rows * 4, fitting))
}

interface Part {
  readonly part: BucketRows
  readonly large: boolean
}

/** The page in its order, cut where large rows have to be fetched. */
async function* parts(scan: Scan, page: readonly Row[]): AsyncGenerator<Part> {
  const width = scan.form.info.columns.length
  const bucketOf = (row: Row): number => Number(row[width] ?? 0)
  for (const run of runs(page, width)) {
    const large = isLarge(run[0], width)
    const rows = large ? await fetchLarge(scan, run) : run.map((row) => row.slice(0, width))
    // Those that were fetched come in an order of their own, but are all of one bucket.
    const buckets = large ? rows.map(() => bucketOf(run[0] ?? [])) : run.map(bucketOf)
    yield { part: { rows, buckets }, large }
  }
}

/** Runs of small rows, and runs of large rows of one bucket that have together `PAGE_BYTES`. */
function* runs(page: readonly Row[], width: number): Iterable<readonly Row[]> {
  let run: Row[] = []
  let bytes = 0
  for (const row of page) {
    const size = Number(row[width + 1] ?? 0)
    const [first] = run
    const large = isLarge(row, width)
    const goesOn =
      large === isLarge(first, width) && (!large || (row[width] === first?.[width] && bytes + size <= PAGE_BYTES))
    if (first !== undefined && !goesOn) {
      yield run
      run = []
      bytes = 0
    }
    run.push(row)
    bytes += size
  }
  if (run.length > 0) yield run
}

function isLarge(row: Row | undefined, width: number): boolean {
  return typeof row?.[width + 1] === 'string'
}

function fetchLarge({ session, form, signal }: Scan, rows: readonly Row[]): Promise<readonly Row[]> {
  const { info } = form
  const places = info.schema.key.map((name) => info.columns.findIndex((column) => column.name === name))
  const keys = rows.map((row) => places.map((place) => row[place] ?? null))
  return form.lookup(session, keys, signal)
}
