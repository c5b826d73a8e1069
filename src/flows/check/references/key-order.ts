import type { KeyOrder } from '../../../core/groups.js'
import { compareDecimals, isDecimal, plainDecimal } from './decimal.js'

/** How two keys of this order compare, as for `sort`. */
export function comparatorOf(order: KeyOrder): (left: string, right: string) => number {
  if (order === 'number') return compareNumbers
  return order === 'text' ? compareUtf8 : compareUnits
}

/** A key as the config gives it, as it is written in groups; `undefined` when it cannot be one. */
export function canonicalKey(key: string | number | bigint, order: KeyOrder): string | undefined {
  const text = String(key)
  if (order === 'text') return text
  if (order === 'number') return isDecimal(text) ? plainDecimal(text) : undefined
  const lower = text.toLowerCase()
  return (order === 'uuid' ? UUID : HEX).test(lower) ? lower : undefined
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const HEX = /^(?:[0-9a-f]{2})*$/
const MINUS = 45
const WHOLE = /^[1-9]\d*$/

/** Nearly all are integers without a sign, for which the longer text is the greater number. */
function compareNumbers(left: string, right: string): number {
  if (left === right) return 0
  if (left.charCodeAt(0) !== MINUS && right.charCodeAt(0) !== MINUS && WHOLE.test(left) && WHOLE.test(right)) {
    return left.length === right.length ? (left < right ? -1 : 1) : left.length - right.length
  }
  return compareDecimals(left, right)
}

function compareUnits(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

const SURROGATES = 0xd800

/** JavaScript compares by units of UTF-16, in which half of a surrogate pair comes before U+E000. */
function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const one = left.charCodeAt(at)
    const other = right.charCodeAt(at)
    if (one === other) continue
    const high = one >= SURROGATES && other >= SURROGATES
    return high ? (left.codePointAt(at) ?? 0) - (right.codePointAt(at) ?? 0) : one - other
  }
  return left.length - right.length
}
