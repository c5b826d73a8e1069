import type { Difference } from '../core/difference.js'
import { type DifferingBucket, totalRows } from './buckets.js'
import type { Candidate, Candidates } from './candidate.js'
import { Chunk, type Sides } from './first-look.js'
import { Gathered } from './gathered.js'
import type { Found, Match } from './match.js'
import { matchedBuckets } from './merge.js'
import { pause } from './pause.js'
import { printOf, SeenBuckets } from './seen-buckets.js'
import type { Tally } from './statistics.js'
import type { RowEquality } from './tolerance.js'

export interface GroupLooks {
  readonly settleMs: number
  readonly looks: number
  readonly same: RowEquality
  readonly tally: Tally
  readonly signal: AbortSignal
}

/** What looks at a group come to: rows to be looked at again by their keys, or differences that two looks saw. */
export type GroupResult =
  | { readonly kind: 'candidates'; readonly candidates: Candidates }
  | { readonly kind: 'confirmed'; readonly differences: readonly Difference[] }

/** So many rows tell how much of a group differs, as buckets are shares at random. */
const JUDGED_ROWS = 20_000
/** Of rows read, those that differ: from here on reading all of them again costs less than a lookup for each. */
const MOSTLY = 0.2
/** Characters of a row: larger ones are looked up by key, a few at a time. */
const LIGHT_ROW = 4_000

/**
 * Looks at a group. Rows that differ are handed on to be looked up again by key; but when most rows differ, or have no key,
 * the group is read a second time, `settleMs` later, and what both readings found is confirmed. Between the two only eight
 * bytes are held of each difference.
 */
export async function* looksAtGroup(
  sides: Sides,
  buckets: readonly DifferingBucket[],
  looks: GroupLooks,
): AsyncGenerator<GroupResult> {
  const keyless = sides.keyless === true
  const depth = buckets[0]?.depth ?? 0
  const chunk = new Chunk()
  const judged = new Judgement(keyless)
  let seen = new SeenBuckets(depth)
  let seenAt = Date.now()
  for await (const { index, match } of matchedBuckets(sides, { buckets }, { ...looks, keep: false })) {
    if (judged.rows === 0) seenAt = Date.now()
    const found = [...match.found()]
    judged.add(match, found.length)
    if (judged.again) for (const { candidate } of found) seen.add(index, printOf(candidate))
    else yield* handedOn(chunk, found)
  }
  if (!chunk.empty) yield { kind: 'candidates', candidates: chunk.take() }
  for (let look = 2; seen.size > 0; look++) {
    await pause(seenAt + looks.settleMs - Date.now(), looks.signal)
    looks.signal.throwIfAborted()
    const next = new SeenBuckets(depth)
    seenAt = Date.now()
    const of = totalRows(buckets.filter(({ index }) => seen.has(index)))
    looks.tally.begin({ phase: 'confirm', done: 0, of })
    yield* readAgain(sides, { seen, next, look }, looks)
    seen = next
  }
}

/** Decides once, after enough rows, whether what is still to come is read twice. */
class Judgement {
  rows = 0
  again: boolean
  readonly #keyless: boolean
  #differing = 0
  #weight = 0
  #done = false

  constructor(keyless: boolean) {
    this.again = keyless
    this.#keyless = keyless
  }

  add(match: Match, differing: number): void {
    this.rows += match.rows
    if (this.#done || this.#keyless) return
    this.#differing += differing
    this.#weight += match.weight
    this.#done = this.rows >= JUDGED_ROWS
    this.again = this.#done && this.#differing > this.rows * MOSTLY && this.#weight < this.rows * LIGHT_ROW
  }
}

interface Reading {
  readonly seen: SeenBuckets
  /** Where rows without a key that differ in another way now wait for one more look. */
  readonly next: SeenBuckets
  /** The number of this look. */
  readonly look: number
}

async function* readAgain(
  sides: Sides,
  { seen, next, look }: Reading,
  looks: GroupLooks,
): AsyncGenerator<GroupResult, void, undefined> {
  const { tally, same } = looks
  tally.passes++
  const chunk = new Chunk()
  const confirmed = new Gathered()
  let open = 0
  for await (const { index, match } of matchedBuckets(sides, { buckets: differing(seen) }, { ...looks, keep: true })) {
    const prints = seen.printsOf(index)
    for (const one of match.found()) {
      if (one.candidate.kind === 'changed' && one.left && one.right && same(one.left, one.right)) continue
      open++
      const difference = prints.has(printOf(one.candidate)) ? confirmedOf(one) : undefined
      if (difference !== undefined) confirmed.add(difference, one)
      else if (sides.keyless !== true) chunk.add(one.candidate)
      else if (look >= looks.looks) confirmed.add(unstable(one), one)
      else next.add(index, printOf(one.candidate))
      if (chunk.full) yield { kind: 'candidates', candidates: chunk.take(look) }
      if (confirmed.full) yield { kind: 'confirmed', differences: confirmed.take() }
    }
  }
  if (!confirmed.empty) yield { kind: 'confirmed', differences: confirmed.take() }
  tally.settled += Math.max(0, seen.size - open)
  if (!chunk.empty) yield { kind: 'candidates', candidates: chunk.take(look) }
}

function* handedOn(chunk: Chunk, found: readonly Found[]): Generator<GroupResult, void, undefined> {
  for (const { candidate } of found) {
    chunk.add(candidate)
    if (chunk.full) yield { kind: 'candidates', candidates: chunk.take() }
  }
}

function differing(seen: SeenBuckets): readonly DifferingBucket[] {
  return seen.buckets().map((bucket) => ({ ...bucket, left: 1, right: 1 }))
}

/** `undefined`: its rows were too large to be kept. */
function confirmedOf({ candidate, left, right }: Found): Difference | undefined {
  const { kind, key } = candidate
  switch (kind) {
    case 'copies':
      return { kind, key, left, right, copies: copiesOf(candidate) }
    case 'changed':
      return left && right && { kind, key, left, right }
    case 'missing-left':
      return right && { kind, key, right }
    case 'missing-right':
      return left && { kind, key, left }
  }
}

function copiesOf({ left, right }: Candidate): { readonly left: number; readonly right: number } {
  return { left: Number(left), right: Number(right) }
}

function unstable({ candidate: { key }, left, right }: Found): Difference {
  return { kind: 'unstable', key, left, right }
}
