import type { TableRef } from '../../core/database.js'
import type { ConflictRule } from '../../core/mirror.js'

/**
 * What to do with a key that two sides have with different values: `keep` leaves all as they are, `newest` takes the
 * greater `version`. With two sides `left` and `right` let that side win; with more `first` lets the first one win. Each
 * decision is recorded in the state tables.
 */
export type ConflictPolicy = PairPolicy | 'first'

/** The same between two sides. */
export type PairPolicy = 'keep' | 'left' | 'right' | 'newest'

/** What `sync` was given, with defaults filled in. */
export interface SyncSettings {
  /** Two or more, in the order of `between`. */
  readonly sides: readonly TableRef[]
  readonly conflict: ConflictPolicy
  readonly compareEveryMs: number
  /** Into how many lanes the keys are divided, which processes share. */
  readonly lanes: LaneCount
}

/** Powers of two, as lanes are told apart by the highest bits of a hash. */
export const LANE_COUNTS = [1, 2, 4, 8, 16] as const
export type LaneCount = (typeof LANE_COUNTS)[number]

/** Two sides, by their places in `between`; the one named earlier is the left one. */
export interface Places {
  readonly left: number
  readonly right: number
}

/** Each side with each other one; those with the first side come first. */
export function pairsOf(sides: number): readonly Places[] {
  const places = Array.from({ length: sides }, (_, place) => place)
  return places.flatMap((left) => places.slice(left + 1).map((right) => ({ left, right })))
}

/** What the policy of all sides is for two of them. */
export function policyOf(policy: ConflictPolicy, { left }: Places): PairPolicy {
  if (policy !== 'first') return policy
  return left === 0 ? 'left' : 'keep'
}

/** How the writer of a side treats a conflict. */
export function ruleOf(policy: PairPolicy, side: 'left' | 'right'): ConflictRule {
  if (policy === 'keep') return 'keep-both'
  if (policy === 'newest') return 'newest'
  return policy === side ? 'keep-existing' : 'take-incoming'
}
