import type { Row, Table } from '../core/table.js'
import type { BucketGroup } from './buckets.js'
import { type Candidate, type Candidates, fingerprint } from './candidate.js'
import { type KeyColumns, weightOf } from './key.js'
import type { Tally } from './statistics.js'

/** What the comparison works on; the right side is aligned with the left one's columns. */
export interface Sides {
  readonly left: Table
  readonly right: Table
  readonly key: KeyColumns
  /** All columns are the key, and rows may repeat. */
  readonly keyless?: boolean
}

export type OneSided = BucketGroup & { readonly sides: 'left' | 'right' }

/** Differences of one chunk, by number and by characters of their rows. */
const CHUNK_ROWS = 2_000
const CHUNK_CHARACTERS = 4_000_000

/** Reads a group from the side that has rows in it; every row is a difference. */
export async function* streamGroup(
  sides: Sides,
  group: OneSided,
  tally: Tally,
  signal: AbortSignal,
): AsyncGenerator<Candidates> {
  const chunk = new Chunk()
  for await (const page of sides[group.sides].scan(group.buckets, signal)) {
    tally.read(page.length)
    for (const row of page) {
      chunk.add(missing(sides.key.of(row), group.sides, { print: fingerprint(row), weight: weightOf(row) }))
      if (chunk.full) yield chunk.take()
    }
  }
  if (!chunk.empty) yield chunk.take()
}

/** What is held of a row while its partner is awaited. */
export interface Held {
  readonly print: string
  readonly weight: number
}

export function missing(key: Row, on: 'left' | 'right', { print, weight }: Held): Candidate {
  return on === 'left'
    ? { kind: 'missing-right', key, left: print, right: undefined, weight }
    : { kind: 'missing-left', key, left: undefined, right: print, weight }
}

/** Collects candidates until they are enough for one lookup. */
export class Chunk {
  #differences: Candidate[] = []
  #weight = 0

  add(candidate: Candidate): void {
    this.#differences.push(candidate)
    this.#weight += candidate.weight
  }

  get full(): boolean {
    return this.#differences.length >= CHUNK_ROWS || this.#weight >= CHUNK_CHARACTERS
  }

  get empty(): boolean {
    return this.#differences.length === 0
  }

  /** `looks`: how often they have been looked at. */
  take(looks = 1): Candidates {
    const differences = this.#differences
    this.#differences = []
    this.#weight = 0
    return { looks, seenAt: Date.now(), differences }
  }
}
