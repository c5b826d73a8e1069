import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { SharedSnapshot } from '../../../core/key-range.js'
import type { Bucket, BucketRows, Digest, DigestOptions, Row } from '../../../core/table.js'
import type { PostgresHandle } from '../handle.js'
import { parseArrayLiteral } from '../rows/array-literal.js'
import type { Session } from '../session/session.js'
import { type BlockRange, extentOf, sourceOf } from './block-ranges.js'
import { inBuckets } from './digest-sql.js'
import { checkKey } from './key-check.js'
import { readPass, SnapshotGone } from './read-pass.js'
import { readRanges } from './read-ranges.js'
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

interface Division {
  readonly within: readonly Bucket[]
  readonly depth: number
}

/** What `Table` asks of a PostgreSQL table to compare it: all of it is read-only and needs nothing but SELECT. */
export class PostgresDigests {
  readonly hashing: string
  readonly #database: PostgresHandle
  readonly #form: RowForm
  /** Where digests are of a moment that somebody holds. */
  #snapshot: SharedSnapshot | undefined

  constructor(database: PostgresHandle, form: RowForm, snapshot?: SharedSnapshot) {
    this.#database = database
    this.#form = form
    this.#snapshot = snapshot
    this.hashing = form.hashing
  }

  /** See `Table.digests`. By ranges of blocks, over some connections, or one statement that the server shares out. */
  async digests(
    within: readonly Bucket[],
    depth: number,
    options: DigestOptions,
  ): Promise<ReadonlyMap<number, Digest>> {
    const division = { within, depth }
    const shared = this.#snapshot
    if (shared === undefined) return this.#pass(division, options)
    try {
      return await this.#pass(division, options, shared.name)
    } catch (error) {
      if (!(error instanceof SnapshotGone)) throw error
      this.#snapshot = undefined
      shared.lost()
      return this.#pass(division, options)
    }
  }

  #pass(division: Division, options: DigestOptions, snapshot?: string): Promise<ReadonlyMap<number, Digest>> {
    const pass = {
      what: 'digesting a table',
      signal: options.signal,
      ...(snapshot === undefined ? {} : { snapshot }),
    }
    return readPass(this.#database.session, pass, async (leader) => {
      const { info } = this.#form
      if (division.depth === 0) await checkKey(leader, info)
      const startedAt = performance.now()
      const extent = options.ranges === 1 ? undefined : await extentOf(leader, info)
      const latencyMs = performance.now() - startedAt
      if (extent === undefined) return this.#read(leader, { division, signal: options.signal })
      const read = (session: Session, range: BlockRange, signal: AbortSignal) =>
        this.#read(session, { division, range, signal })
      const reading = { ...options, extent, latencyMs, read }
      return readRanges(this.#database, leader, reading)
    })
  }

  /** See `Table.scan`. Memory is bounded by bytes, not rows. */
  scan(within: readonly Bucket[], signal: AbortSignal): AsyncIterable<readonly Row[]> {
    return scanRows(this.#database.session, this.#form, within, signal)
  }

  /** See `Table.scanInOrder`. The server sorts, on disk when it must. */
  scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncIterable<BucketRows> {
    return scanRowsInOrder(this.#database.session, this.#form, within, signal)
  }

  /** See `Table.lookup`. */
  async lookup(keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
    return this.#form.lookup(this.#database.session, keys, signal)
  }

  async #read(session: Session, part: Part): Promise<ReadonlyMap<number, Digest>> {
    return part.division.depth === 0 ? this.#whole(session, part) : this.#grouped(session, part)
  }

  async #whole(session: Session, { division, range, signal }: Part): Promise<ReadonlyMap<number, Digest>> {
    const source = sql.raw(sourceOf(this.#form.info, range))
    const query = sql`
      select count(*)::text as rows, coalesce(sum(${sql.raw(this.#form.rowHash)}), 0)::text as sum
      from ${source} t where ${inBuckets(this.#form, division.within)}`
    const [{ rows, sum }] = Whole.parse(await session.execute(query, { signal }))
    return rows === '0' ? new Map() : new Map([[0, { rows: BigInt(rows), sum: BigInt(sum) }]])
  }

  async #grouped(session: Session, { division, range, signal }: Part): Promise<ReadonlyMap<number, Digest>> {
    const table = sql.raw(sourceOf(this.#form.info, range))
    const { within, depth } = division
    const query = sql`
      select array_agg(i)::text as indexes, array_agg(n)::text as rows, array_agg(s)::text as sums from (
        select i, count(*) as n, sum(h) as s from (
          select ${sql.raw(this.#form.bucketIndex(depth))} as i, ${sql.raw(this.#form.rowHash)} as h
          from ${table} t where ${inBuckets(this.#form, within)} ${sql.raw(FEW_GROUPS)} from ${table} t where false) as rows
        group by i) as buckets`
    const [{ indexes, rows, sums }] = Grouped.parse(await session.execute(query, { signal }))
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

interface Part {
  readonly division: Division
  /** Default: all of the table. */
  readonly range?: BlockRange
  readonly signal: AbortSignal
}
