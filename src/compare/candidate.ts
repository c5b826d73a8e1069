import { createHash, hash } from 'node:crypto'
import type { Difference } from '../core/difference.js'
import type { Row } from '../core/table.js'
import { weightOf } from './key.js'

/**
 * A difference that was seen and is to be looked at again. It has no rows, only what tells them apart, so that a great
 * many can wait, and rows of any size.
 */
export interface Candidate {
  readonly kind: 'missing-left' | 'missing-right' | 'changed' | 'copies'
  readonly key: Row
  /** Fingerprints of the rows; `undefined` where there is none. Of `copies` how many there are. */
  readonly left: string | undefined
  readonly right: string | undefined
  /** Characters of the rows of both sides. */
  readonly weight: number
}

/** Candidates as last seen, and when that was. Their rows are few and small enough to be looked up in one go. */
export interface Candidates {
  /** Looks so far. */
  readonly looks: number
  readonly seenAt: number
  readonly differences: readonly Candidate[]
}

/** Longer texts are hashed. */
const SHORT = 64
/** Rows of more characters are hashed value by value, as their text would be another copy of them on the heap. */
const LARGE = 100_000

/** Equal for equal rows only. */
export function fingerprint(row: Row): string {
  if (weightOf(row) > LARGE) return largeFingerprint(row)
  const text = JSON.stringify(row)
  return text.length <= SHORT ? text : hash('sha256', text, 'base64')
}

function largeFingerprint(row: Row): string {
  const digest = createHash('sha256')
  for (const value of row) digest.update(value === null ? 'null,' : `${value.length},`).update(value ?? '')
  return digest.digest('base64')
}

export function candidateOf(difference: Exclude<Difference, { readonly kind: 'unstable' | 'copies' }>): Candidate {
  const left = 'left' in difference ? difference.left : undefined
  const right = 'right' in difference ? difference.right : undefined
  return {
    kind: difference.kind,
    key: difference.key,
    left: left && fingerprint(left),
    right: right && fingerprint(right),
    weight: (left === undefined ? 0 : weightOf(left)) + (right === undefined ? 0 : weightOf(right)),
  }
}

/** Whether the later look found what the earlier one had. */
export function sameCandidate(before: Candidate, after: Candidate): boolean {
  return before.kind === after.kind && before.left === after.left && before.right === after.right
}
