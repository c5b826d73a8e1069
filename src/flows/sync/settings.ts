import type { TableRef } from '../../core/database.js'
import type { ConflictRule } from '../../core/mirror.js'

/**
 * What to do with a key that both sides have with different values: `keep` leaves both as they are, `left` and `right`
 * let that side win, `newest` takes the greater `version`. Each decision is recorded in the state tables.
 */
export type ConflictPolicy = 'keep' | 'left' | 'right' | 'newest'

/** What `sync` was given, with defaults filled in. */
export interface SyncSettings {
  readonly left: TableRef
  readonly right: TableRef
  readonly conflict: ConflictPolicy
  readonly compareEveryMs: number
}

/** How the writer of a side treats a conflict. */
export function ruleOf(policy: ConflictPolicy, side: 'left' | 'right'): ConflictRule {
  if (policy === 'keep') return 'keep-both'
  if (policy === 'newest') return 'newest'
  return policy === side ? 'keep-existing' : 'take-incoming'
}
