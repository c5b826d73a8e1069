import type { Row, Table } from '../core/table.js'
import type { BucketGroup } from './buckets.js'
import type { Sides } from './first-look.js'
import { KeyedMatch, type Match, MultisetMatch } from './match.js'
import type { Tally } from './statistics.js'

export interface MatchedBucket {
  readonly index: number
  readonly match: Match
}

export interface MatchOptions {
  /** Rows are held until their bucket is matched, so that differences have them. */
  readonly keep: boolean
  readonly tally: Tally
  readonly signal: AbortSignal
}

/**
 * Reads a group from both sides in the order of its buckets and matches the rows of each bucket. Held are one bucket's
 * rows, or only their fingerprints, and the page of each side that is being read, whatever the number of rows.
 */
export async function* matchedBuckets(
  sides: Sides,
  group: Pick<BucketGroup, 'buckets'>,
  { keep, tally, signal }: MatchOptions,
): AsyncGenerator<MatchedBucket> {
  const stop = new AbortController()
  const within = AbortSignal.any([signal, stop.signal])
  const left = new OrderedRows(sides.left, group, within)
  const right = new OrderedRows(sides.right, group, within)
  try {
    for (;;) {
      // Both at once: either may have to sort before its first row comes.
      await Promise.all([left.fill(), right.fill()])
      const index = Math.min(left.bucket, right.bucket)
      if (index === Number.POSITIVE_INFINITY) break
      const match = sides.keyless === true ? new MultisetMatch() : new KeyedMatch(sides.key, keep)
      for await (const row of left.rowsOf(index)) match.add('left', row)
      for await (const row of right.rowsOf(index)) match.add('right', row)
      tally.read(match.rows)
      yield { index, match }
    }
  } finally {
    // Cuts what is still being read; after the last row there is nothing left to cut.
    stop.abort()
    await Promise.allSettled([left.close(), right.close()])
  }
}

/** One side's rows, with a look at the bucket that comes next. */
class OrderedRows {
  readonly #pages: AsyncIterator<{ readonly rows: readonly Row[]; readonly buckets: readonly number[] }>
  #rows: readonly Row[] = []
  #buckets: readonly number[] = []
  #at = 0
  #ended = false

  constructor(table: Table, group: Pick<BucketGroup, 'buckets'>, signal: AbortSignal) {
    this.#pages = table.scanInOrder(group.buckets, signal)[Symbol.asyncIterator]()
  }

  /** The bucket of the next row, as far as it is read; infinite after the last. */
  get bucket(): number {
    return this.#buckets[this.#at] ?? Number.POSITIVE_INFINITY
  }

  /** Makes `bucket` that of the next row. */
  async fill(): Promise<void> {
    while (this.#at >= this.#rows.length && !this.#ended) {
      const next = await this.#pages.next()
      this.#ended = next.done === true
      this.#rows = next.done === true ? [] : next.value.rows
      this.#buckets = next.done === true ? [] : next.value.buckets
      this.#at = 0
    }
  }

  /** The rows of this bucket, which is the next one or none. */
  async *rowsOf(bucket: number): AsyncGenerator<readonly Row[]> {
    while (this.bucket === bucket) {
      const start = this.#at
      while (this.bucket === bucket) this.#at++
      yield this.#rows.slice(start, this.#at)
      await this.fill()
    }
  }

  async close(): Promise<void> {
    await this.#pages.return?.()
  }
}
