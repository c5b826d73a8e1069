import type { Difference } from '../core/difference.js'
import type { Row, Table } from '../core/table.js'
import { bothSides } from './both-sides.js'
import type { BucketGroup } from './buckets.js'
import { type KeyColumns, sameRow, weightOf } from './key.js'
import type { Tally } from './statistics.js'

/** What the comparison works on; the right side is aligned with the left one's columns. */
export interface Sides {
  readonly left: Table
  readonly right: Table
  readonly key: KeyColumns
}

/** Differences as first seen, and when that was. Small enough to be looked up again in one go. */
export interface Candidates {
  readonly seenAt: number
  readonly differences: readonly Difference[]
}

/** Differences of one chunk, by number and by characters. */
const CHUNK_ROWS = 20_000
const CHUNK_CHARACTERS = 4_000_000

/** A group turned out to hold more than fits into memory; the caller divides it. */
export class GroupTooLarge extends Error {
  /** Characters of a row, on average over what was read. */
  readonly rowWeight: number

  constructor(rowWeight: number) {
    super('a group of buckets is larger than the memory for it')
    this.rowWeight = rowWeight
  }
}

/** Reads a group from the side that has rows in it; every row is a difference. Memory: one chunk. */
export async function* streamGroup(
  sides: Sides,
  group: BucketGroup & { readonly sides: 'left' | 'right' },
  tally: Tally,
  signal: AbortSignal,
): AsyncGenerator<Candidates> {
  const { key } = sides
  const chunk = new Chunk()
  const toDifference =
    group.sides === 'left'
      ? (row: Row): Difference => ({ kind: 'missing-right', key: key.of(row), left: row })
      : (row: Row): Difference => ({ kind: 'missing-left', key: key.of(row), right: row })
  for await (const page of sides[group.sides].scan(group.buckets, signal)) {
    tally.fetchedRows += page.length
    for (const row of page) {
      chunk.add(toDifference(row), weightOf(row))
      if (chunk.full) yield chunk.take()
    }
  }
  if (!chunk.empty) yield chunk.take()
}

/**
 * Reads a group from both sides at once and matches rows by key as they come, so that only rows whose partner is still
 * to come are held. Throws `GroupTooLarge` when these and the differences pass `limit` characters.
 */
export async function mergeGroup(
  sides: Sides,
  group: BucketGroup,
  options: { readonly tally: Tally; readonly limit: number; readonly signal: AbortSignal },
): Promise<readonly Candidates[]> {
  const merge = new Merge(sides.key, options.limit)
  const read = async (side: 'left' | 'right', signal: AbortSignal): Promise<void> => {
    for await (const page of sides[side].scan(group.buckets, signal)) {
      options.tally.fetchedRows += page.length
      merge.add(side, page)
    }
  }
  await bothSides(
    options.signal,
    (signal) => read('left', signal),
    (signal) => read('right', signal),
  )
  return [...merge.candidates()]
}

class Merge {
  readonly #key: KeyColumns
  readonly #limit: number
  readonly #waiting = { left: new Map<string, Row>(), right: new Map<string, Row>() }
  readonly #changed: Difference[] = []
  #held = 0
  #rows = 0
  #weight = 0

  constructor(key: KeyColumns, limit: number) {
    this.#key = key
    this.#limit = limit
  }

  add(side: 'left' | 'right', page: readonly Row[]): void {
    const own = this.#waiting[side]
    const partners = this.#waiting[side === 'left' ? 'right' : 'left']
    for (const row of page) {
      const key = this.#key.textOf(row)
      const weight = weightOf(row)
      this.#rows++
      this.#weight += weight
      const partner = partners.get(key)
      if (partner === undefined) {
        own.set(key, row)
        this.#held += weight
        continue
      }
      partners.delete(key)
      if (sameRow(row, partner)) this.#held -= weight
      else {
        this.#held += weight
        this.#changed.push(changed(this.#key.of(row), side === 'left' ? [row, partner] : [partner, row]))
      }
    }
    if (this.#held > this.#limit) throw new GroupTooLarge(this.#weight / this.#rows)
  }

  /** Rows that found no partner are missing on the other side. */
  *candidates(): Iterable<Candidates> {
    const chunk = new Chunk()
    for (const difference of this.#differences()) {
      chunk.add(difference, weightOfDifference(difference))
      if (chunk.full) yield chunk.take()
    }
    if (!chunk.empty) yield chunk.take()
  }

  *#differences(): Iterable<Difference> {
    yield* this.#changed
    for (const row of this.#waiting.left.values()) yield { kind: 'missing-right', key: this.#key.of(row), left: row }
    for (const row of this.#waiting.right.values()) yield { kind: 'missing-left', key: this.#key.of(row), right: row }
  }
}

class Chunk {
  #differences: Difference[] = []
  #weight = 0

  add(difference: Difference, weight: number): void {
    this.#differences.push(difference)
    this.#weight += weight
  }

  get full(): boolean {
    return this.#differences.length >= CHUNK_ROWS || this.#weight >= CHUNK_CHARACTERS
  }

  get empty(): boolean {
    return this.#differences.length === 0
  }

  take(): Candidates {
    const differences = this.#differences
    this.#differences = []
    this.#weight = 0
    return { seenAt: Date.now(), differences }
  }
}

function changed(key: Row, [left, right]: readonly [Row, Row]): Difference {
  return { kind: 'changed', key, left, right }
}

export function weightOfDifference(difference: Difference): number {
  const left = 'left' in difference && difference.left !== undefined ? weightOf(difference.left) : 0
  const right = 'right' in difference && difference.right !== undefined ? weightOf(difference.right) : 0
  return left + right
}
