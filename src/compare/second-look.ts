import type { Difference } from '../core/difference.js'
import type { Row } from '../core/table.js'
import { bothSides } from './both-sides.js'
import { type Candidates, type Sides, weightOfDifference } from './first-look.js'
import { keyText, sameRow } from './key.js'
import { pause } from './pause.js'
import type { Tally } from './statistics.js'

/** Keys of one lookup, and characters of the rows that are expected back from one side. */
const LOOKUP_KEYS = 5_000
const LOOKUP_CHARACTERS = 4_000_000

export interface SecondLookOptions {
  readonly settleMs: number
  /** Looks at most, the first included. */
  readonly looks: number
  readonly tally: Tally
  readonly signal: AbortSignal
}

/**
 * Looks again at rows that differed, `settleMs` after the last look. Equal now: the row was in flight, and is dropped.
 * The same difference twice: reported. Anything else is looked at again; after the last look it is `unstable`.
 */
export async function confirm(
  sides: Sides,
  candidates: Candidates,
  options: SecondLookOptions,
): Promise<readonly Difference[]> {
  const confirmed: Difference[] = []
  let open = candidates.differences
  let seenAt = candidates.seenAt
  for (let look = 2; look <= options.looks && open.length > 0; look++) {
    await pause(seenAt + options.settleMs - Date.now(), options.signal)
    options.signal.throwIfAborted()
    seenAt = Date.now()
    const stillOpen: Difference[] = []
    for (const slice of slices(open)) {
      const now = await lookAgain(sides, slice, options)
      for (const before of slice) {
        const after = now.get(keyText(before.key))
        if (after === undefined) options.tally.settled++
        else if (sameDifference(before, after)) confirmed.push(after)
        else stillOpen.push(after)
      }
    }
    open = stillOpen
  }
  return [...confirmed, ...open.map(unstable)]
}

/** What is different now, by key text; a key that is not in it is equal on both sides, or gone from both. */
async function lookAgain(
  sides: Sides,
  differences: readonly Difference[],
  { tally, signal }: SecondLookOptions,
): Promise<ReadonlyMap<string, Difference>> {
  const keys = differences.map((difference) => difference.key)
  const read = async (side: 'left' | 'right', within: AbortSignal): Promise<ReadonlyMap<string, Row>> => {
    const rows = await sides[side].lookup(keys, within)
    tally.fetchedRows += rows.length
    return new Map(rows.map((row) => [sides.key.textOf(row), row]))
  }
  const { left, right } = await bothSides(
    signal,
    (within) => read('left', within),
    (within) => read('right', within),
  )
  const now = new Map<string, Difference>()
  for (const key of keys) {
    const text = keyText(key)
    const difference = differenceOf(key, left.get(text), right.get(text))
    if (difference !== undefined) now.set(text, difference)
  }
  return now
}

function differenceOf(key: Row, left: Row | undefined, right: Row | undefined): Difference | undefined {
  if (left === undefined) return right === undefined ? undefined : { kind: 'missing-left', key, right }
  if (right === undefined) return { kind: 'missing-right', key, left }
  return sameRow(left, right) ? undefined : { kind: 'changed', key, left, right }
}

function sameDifference(before: Difference, after: Difference): boolean {
  return (
    before.kind === after.kind &&
    sameSide(sideOf(before, 'left'), sideOf(after, 'left')) &&
    sameSide(sideOf(before, 'right'), sideOf(after, 'right'))
  )
}

function sameSide(before: Row | undefined, after: Row | undefined): boolean {
  return before === undefined || after === undefined ? before === after : sameRow(before, after)
}

function unstable(difference: Difference): Difference {
  return {
    kind: 'unstable',
    key: difference.key,
    left: sideOf(difference, 'left'),
    right: sideOf(difference, 'right'),
  }
}

function sideOf(difference: Difference, side: 'left' | 'right'): Row | undefined {
  if (side === 'left') return 'left' in difference ? difference.left : undefined
  return 'right' in difference ? difference.right : undefined
}

function* slices(differences: readonly Difference[]): Iterable<readonly Difference[]> {
  let slice: Difference[] = []
  let weight = 0
  for (const difference of differences) {
    const more = weightOfDifference(difference)
    if (slice.length >= LOOKUP_KEYS || (slice.length > 0 && weight + more > LOOKUP_CHARACTERS)) {
      yield slice
      slice = []
      weight = 0
    }
    slice.push(difference)
    weight += more
  }
  if (slice.length > 0) yield slice
}
