import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Bucket, BucketRows, Digest, Row } from '../../../core/table.js'
import { parseArrayLiteral } from '../rows/array-literal.js'
import type { Session } from '../session/session.js'
import { inBuckets } from './digest-sql.js'
import { checkKey } from './key-check.js'
import { readPass } from './read-pass.js'
import type { RowForm } from './row-form.js'
import { scanRows, scanRowsInOrder } from './scan.js'

const Whole = z.tuple([z.object({ rows: z.string(), sum: z.string() })])
const Grouped = z.tuple([
  z.object({ indexes: z.string().nullable(), rows: z.string().nullable(), sums: z.string().nullable() }),
])

/**
 * Grouping by an expression, PostgreSQL expects as many groups as there are keys and sorts all rows by it (2 M rows:
 * 2.5 s and more, where one sum takes 0.3 s). Of the columns of a union it knows nothing and expects 200 groups, which
 * gives a hash table in each parallel worker (0.4 s). The second part is empty and planned away.
 */
const FEW_GROUPS = 'union all select 0::int4, 0::int8'

/** What `Table` asks of a PostgreSQL table to compare it: all of it is read-only and needs nothing but SELECT. */
export class PostgresDigests {
  readonly hashing: string
  readonly #session: Session
  readonly #form: RowForm

  constructor(session: Session, form: RowForm) {
    this.#session = session
    this.#form = form
    this.hashing = form.hashing
  }

  /** See `Table.digests`. One statement, which PostgreSQL shares among its parallel workers. */
  async digests(within: readonly Bucket[], depth: number, signal: AbortSignal): Promise<ReadonlyMap<number, Digest>> {
    return readPass(this.#session, { what: 'digesting a table', signal }, async (transaction) => {
      if (depth > 0) return this.#grouped(transaction, within, depth)
      await checkKey(transaction, this.#form.info)
      return this.#whole(transaction, within)
    })
  }

  /** See `Table.scan`. Memory is bounded by bytes, not rows. */
  scan(within: readonly Bucket[], signal: AbortSignal): AsyncIterable<readonly Row[]> {
    return scanRows(this.#session, this.#form, within, signal)
  }

  /** See `Table.scanInOrder`. The server sorts, on disk when it must. */
  scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncIterable<BucketRows> {
    return scanRowsInOrder(this.#session, this.#form, within, signal)
  }

  /** See `Table.lookup`. */
  async lookup(keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
    return this.#form.lookup(this.#session, keys, signal)
  }

  async #whole(session: Session, within: readonly Bucket[]): Promise<ReadonlyMap<number, Digest>> {
    const result = await session.execute(sql`
      select count(*)::text as rows, coalesce(sum(${sql.raw(this.#form.rowHash)}), 0)::text as sum
      from ${sql.raw(this.#form.info.source)} t where ${inBuckets(this.#form, within)}`)
    const [{ rows, sum }] = Whole.parse(result)
    return rows === '0' ? new Map() : new Map([[0, { rows: BigInt(rows), sum: BigInt(sum) }]])
  }

  async #grouped(session: Session, within: readonly Bucket[], depth: number): Promise<ReadonlyMap<number, Digest>> {
    const table = sql.raw(this.#form.info.source)
    const result = await session.execute(sql`
      select array_agg(i)::text as indexes, array_agg(n)::text as rows, array_agg(s)::text as sums from (
        select i, count(*) as n, sum(h) as s from (
          select ${sql.raw(this.#form.bucketIndex(depth))} as i, ${sql.raw(this.#form.rowHash)} as h
          from ${table} t where ${inBuckets(this.#form, within)} ${sql.raw(FEW_GROUPS)} from ${table} t where false) as rows
        group by i) as buckets`)
    const [{ indexes, rows, sums }] = Grouped.parse(result)
    const counts = parseArrayLiteral(rows ?? '{}')
    const totals = parseArrayLiteral(sums ?? '{}')
    return new Map(
      parseArrayLiteral(indexes ?? '{}').map((index, at) => [
        Number(index),
        { rows: BigInt(counts[at] ?? 0), sum: BigInt(totals[at] ?? 0) },
      ]),
    )
  }
}
