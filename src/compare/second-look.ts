import type { Difference } from '../core/difference.js'
import type { Row } from '../core/table.js'
import { bothSides } from './both-sides.js'
import { type Candidate, type Candidates, candidateOf, sameCandidate } from './candidate.js'
import type { Sides } from './first-look.js'
import { keyText } from './key.js'
import { repeatedKey } from './match.js'
import { pause } from './pause.js'
import type { Tally } from './statistics.js'
import type { RowEquality } from './tolerance.js'

export interface SecondLookOptions {
  readonly settleMs: number
  /** Looks at most, the first included. */
  readonly looks: number
  readonly tally: Tally
  readonly signal: AbortSignal
  /** Rows that are the same by it are no difference. */
  readonly same: RowEquality
}

/** Candidates that may wait for their next look, 10 MB of them: V8 lets garbage grow to some times what is held. */
const WAITING = 30_000

/** Characters of rows that are looked up ahead of being asked for: a chunk, unless its last row was large. */
const AHEAD_CHARACTERS = 5_000_000

/**
 * Looks again at rows that differed, `settleMs` after the last look. Equal now: the row was in flight, and is dropped.
 * The same difference twice: reported. Anything else is looked at again; after the last look it is `unstable`.
 *
 * One look at a time, at one chunk, while more candidates are being found: memory is that of the candidates and of one
 * chunk's rows.
 */
export class SecondLooks {
  readonly #sides: Sides
  readonly #options: SecondLookOptions
  /** The one due first comes first, as all wait equally long. */
  readonly #waiting: Candidates[] = []
  #count = 0
  #done = false
  #under: Promise<readonly Difference[]> | undefined

  constructor(sides: Sides, options: SecondLookOptions) {
    this.#sides = sides
    this.#options = options
  }

  add(candidates: Candidates): void {
    this.#waiting.push(candidates)
    this.#count += candidates.differences.length
    if (this.#under === undefined) this.#beginAhead()
  }

  get empty(): boolean {
    return this.#under === undefined && this.#waiting.length === 0
  }

  /** Time to `take`: a look is done, or is due and was not begun ahead, or too many wait for theirs. */
  get ready(): boolean {
    return this.#done || this.#count >= WAITING || (this.#under === undefined && this.#due())
  }

  /** The differences that the next look confirms; waits until it is due. */
  async take(): Promise<readonly Difference[]> {
    if (this.#under === undefined) this.#begin()
    const confirmed = await this.#under
    this.#under = undefined
    this.#done = false
    this.#beginAhead()
    return confirmed ?? []
  }

  #due(): boolean {
    const [next] = this.#waiting
    return next !== undefined && next.seenAt + this.#options.settleMs <= Date.now()
  }

  /** While the caller goes on, unless the rows are so large that they should be in memory one chunk after the other. */
  #beginAhead(): void {
    if (!this.#due()) return
    const weight = this.#waiting[0]?.differences.reduce((sum, candidate) => sum + candidate.weight, 0) ?? 0
    if (weight <= AHEAD_CHARACTERS) this.#begin()
  }

  #begin(): void {
    const next = this.#waiting.shift()
    if (next === undefined) return
    this.#count -= next.differences.length
    this.#under = this.#look(next).finally(() => {
      this.#done = true
    })
    // It may fail before anybody takes it; whoever does still gets the error.
    this.#under.catch(() => {})
  }

  async #look({ looks, seenAt, differences }: Candidates): Promise<readonly Difference[]> {
    const { settleMs, signal, tally } = this.#options
    await pause(seenAt + settleMs - Date.now(), signal)
    signal.throwIfAborted()
    const lookedAt = Date.now()
    const now = await lookAgain(this.#sides, differences, this.#options)
    tally.confirmMs += Date.now() - lookedAt
    const last = looks + 1 >= this.#options.looks
    const confirmed: Difference[] = []
    const open: Candidate[] = []
    for (const before of differences) {
      const difference = now.get(keyText(before.key))
      if (difference === undefined) {
        tally.settled++
        continue
      }
      const after = candidateOf(difference)
      if (sameCandidate(before, after)) confirmed.push(difference)
      else if (last) confirmed.push(unstable(difference))
      else open.push(after)
    }
    if (open.length > 0) this.add({ looks: looks + 1, seenAt: lookedAt, differences: open })
    return confirmed
  }
}

type Seen = Exclude<Difference, { readonly kind: 'unstable' | 'copies' }>

/** What is different now, by key text; a key that is not in it is equal on both sides, or gone from both. */
async function lookAgain(
  sides: Sides,
  differences: readonly Candidate[],
  { tally, signal, same }: SecondLookOptions,
): Promise<ReadonlyMap<string, Seen>> {
  const keys = differences.map((difference) => difference.key)
  const read = async (side: 'left' | 'right', within: AbortSignal): Promise<ReadonlyMap<string, Row>> => {
    const rows = await sides[side].lookup(keys, within)
    tally.fetchedRows += rows.length
    const byKey = new Map(rows.map((row) => [sides.key.textOf(row), row]))
    if (byKey.size < rows.length) throw repeatedKey(side, sides.key)
    return byKey
  }
  const { left, right } = await bothSides(
    signal,
    (within) => read('left', within),
    (within) => read('right', within),
  )
  const now = new Map<string, Seen>()
  for (const key of keys) {
    const text = keyText(key)
    const difference = differenceOf(key, { left: left.get(text), right: right.get(text) }, same)
    if (difference !== undefined) now.set(text, difference)
  }
  return now
}

interface Rows {
  readonly left: Row | undefined
  readonly right: Row | undefined
}

function differenceOf(key: Row, { left, right }: Rows, same: RowEquality): Seen | undefined {
  if (left === undefined) return right === undefined ? undefined : { kind: 'missing-left', key, right }
  if (right === undefined) return { kind: 'missing-right', key, left }
  return same(left, right) ? undefined : { kind: 'changed', key, left, right }
}

function unstable(difference: Seen): Difference {
  const left = 'left' in difference ? difference.left : undefined
  const right = 'right' in difference ? difference.right : undefined
  return { kind: 'unstable', key: difference.key, left, right }
}
