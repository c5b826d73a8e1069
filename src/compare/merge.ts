import type { Row, Table } from '../core/table.js'
import type { BucketGroup } from './buckets.js'
import { type Candidate, type Candidates, fingerprint } from './candidate.js'
import { Chunk, type Held, missing, type Sides } from './first-look.js'
import { type KeyColumns, keyText, weightOf } from './key.js'
import type { Tally } from './statistics.js'

/**
 * Reads a group from both sides in the order of its buckets and matches the rows of each bucket by key. Held are the
 * fingerprints of one bucket's rows and the page of each side that is being read, whatever the number of rows.
 */
export async function* mergeGroup(
  sides: Sides,
  group: BucketGroup,
  tally: Tally,
  signal: AbortSignal,
): AsyncGenerator<Candidates> {
  const stop = new AbortController()
  const within = AbortSignal.any([signal, stop.signal])
  const left = new OrderedRows(sides.left, group, within)
  const right = new OrderedRows(sides.right, group, within)
  const chunk = new Chunk()
  try {
    for (;;) {
      // Both at once: either may have to sort before its first row comes.
      await Promise.all([left.fill(), right.fill()])
      const bucket = Math.min(left.bucket, right.bucket)
      if (bucket === Number.POSITIVE_INFINITY) break
      const match = new Match(sides.key)
      for await (const row of left.rowsOf(bucket)) match.add('left', row)
      for await (const row of right.rowsOf(bucket)) match.add('right', row)
      tally.fetchedRows += match.rows
      for (const candidate of match.candidates()) {
        chunk.add(candidate)
        if (chunk.full) yield chunk.take()
      }
    }
  } finally {
    // Cuts what is still being read; after the last row there is nothing left to cut.
    stop.abort()
    await Promise.allSettled([left.close(), right.close()])
  }
  if (!chunk.empty) yield chunk.take()
}

/** One side's rows, with a look at the bucket that comes next. */
class OrderedRows {
  readonly #pages: AsyncIterator<{ readonly rows: readonly Row[]; readonly buckets: readonly number[] }>
  #rows: readonly Row[] = []
  #buckets: readonly number[] = []
  #at = 0
  #ended = false

  constructor(table: Table, group: BucketGroup, signal: AbortSignal) {
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

interface Waiting extends Held {
  readonly key: Row
}

/** Matches the rows of one bucket. */
class Match {
  rows = 0
  readonly #key: KeyColumns
  readonly #left = new Map<string, Waiting>()
  readonly #found: Candidate[] = []

  constructor(key: KeyColumns) {
    this.#key = key
  }

  /** The left side's rows first. */
  add(side: 'left' | 'right', rows: readonly Row[]): void {
    this.rows += rows.length
    for (const row of rows) {
      const held = { key: this.#key.of(row), print: fingerprint(row), weight: weightOf(row) }
      const text = keyText(held.key)
      if (side === 'left') this.#left.set(text, held)
      else {
        const partner = this.#left.get(text)
        this.#left.delete(text)
        if (partner === undefined) this.#found.push(missing(held.key, 'right', held))
        else if (partner.print !== held.print) this.#found.push(changed(partner, held))
      }
    }
  }

  /** Left rows that found no partner are missing on the right. */
  *candidates(): Iterable<Candidate> {
    yield* this.#found
    for (const row of this.#left.values()) yield missing(row.key, 'left', row)
  }
}

function changed(left: Waiting, right: Waiting): Candidate {
  return {
    kind: 'changed',
    key: left.key,
    left: left.print,
    right: right.print,
    weight: left.weight + right.weight,
  }
}
