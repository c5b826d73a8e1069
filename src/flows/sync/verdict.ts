import type { FlowEvent } from '../../core/observer.js'
import type { Found } from './repair.js'
import { type ConflictPolicy, type Places, pairsOf } from './settings.js'

type Verdict = Omit<FlowEvent & { readonly type: 'verdict' }, 'flow' | 'type'>

/** Of two sides. */
export function verdictOfTwo(found: Found, policy: ConflictPolicy): Verdict {
  const { rowsLeft, toLeft, toRight, conflicting, refused } = found
  const keys = `${conflicting} keys have different rows on the two sides (policy: ${policy}); see the table of conflicts`
  return {
    verdict: conflicting + refused === 0 ? 'same' : 'different',
    detail: sentence([
      `${rowsLeft} rows compared`,
      toLeft + toRight > 0 ? `${toLeft + toRight} were missing or older on one side and are repaired` : '',
      conflicting > 0 ? keys : '',
      refused > 0 ? `${refused} rows are refused by the side that lacks them; see the dead letters` : '',
    ]),
    figures: { ...found },
  }
}

/** What the last comparison of two of many sides came to. */
export interface PairFound extends Found {
  readonly places: Places
  /** Compared since the last verdict: what it repaired has not been told. */
  readonly fresh: boolean
}

export interface Many {
  readonly sides: number
  /** Pairs that could not be compared, as a side is away. */
  readonly waiting: number
  readonly policy: ConflictPolicy
}

/** Of more than two sides: what is so in any pair is so in all; what was repaired is told once. */
export function verdictOfMany(found: readonly PairFound[], { sides, waiting, policy }: Many): Verdict {
  const sum = (of: (pair: PairFound) => number): number => found.reduce((total, pair) => total + of(pair), 0)
  const fresh = (of: (pair: PairFound) => number): number => sum((pair) => (pair.fresh ? of(pair) : 0))
  const given = Array.from({ length: sides }, (_, place) => [
    `to${place + 1}`,
    fresh(
      ({ places, toLeft, toRight }) => (places.left === place ? toLeft : 0) + (places.right === place ? toRight : 0),
    ),
  ])
  const rows = Math.max(0, ...found.flatMap(({ rowsLeft, rowsRight }) => [rowsLeft, rowsRight]))
  const repaired = fresh(({ toLeft, toRight }) => toLeft + toRight)
  const [conflicting, refused] = [sum((pair) => pair.conflicting), sum((pair) => pair.refused)]
  const differing = conflicting + refused > 0
  return {
    verdict: differing ? 'different' : waiting > 0 ? 'unverified' : 'same',
    detail: sentence([
      `${rows} rows compared on ${sides} sides, each with each`,
      repaired > 0 ? `${repaired} were missing or older on a side and are repaired` : '',
      conflicting > 0
        ? `${conflicting} times two sides have different rows under one key (policy: ${policy}); see the table of conflicts`
        : '',
      refused > 0 ? `${refused} rows are refused by a side that lacks them; see the dead letters` : '',
      waiting > 0 ? `${waiting} of ${pairsOf(sides).length} comparisons wait for a side that cannot be reached` : '',
    ]),
    figures: {
      sides,
      rows,
      ...Object.fromEntries(given),
      conflicting,
      refused,
      waiting,
      unstable: fresh((pair) => pair.unstable),
      fetchedRows: fresh((pair) => pair.fetchedRows),
      durationMs: fresh((pair) => pair.durationMs),
    },
  }
}

function sentence(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('; ')
}
