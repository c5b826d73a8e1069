import type { InValue } from '@libsql/client'
import type { Form } from '../../../core/canonical.js'
import { formedValue } from '../canonical/formed-value.js'
import { keepsText } from '../upsert/value.js'

/** What is stored for a text of a form; `undefined`: SQLite has no such value. */
export function wantedValue(type: string, given: Form, text: string): InValue | undefined {
  switch (given.kind) {
    case 'number':
      return keepsText(type) ? text : numberValue(text)
    case 'float':
      return floatValue(text, keepsText(type))
    case 'bytes':
      return bytesValue(text)
    case 'uuid':
      return /BLOB/i.test(type) ? bytesValue(text.replaceAll('-', '')) : text
    default:
      return text
  }
}

const LEAST = -(2n ** 63n)
const GREATEST = 2n ** 63n - 1n

function numberValue(text: string): InValue | undefined {
  if (/^-?\d{1,19}$/.test(text) && BigInt(text) >= LEAST && BigInt(text) <= GREATEST) return BigInt(text)
  const real = Number(text)
  return formedValue(real, { kind: 'number' }) === text ? real : undefined
}

function floatValue(text: string, asText: boolean): InValue | undefined {
  const real = /^-?Infinity$/.test(text) ? Number(text) : /^-?\d+(e-?\d+)?$/.test(text) ? Number(text) : undefined
  return real === undefined || asText ? undefined : real
}

function bytesValue(hex: string): InValue | undefined {
  return /^([0-9a-f]{2})*$/.test(hex) ? Buffer.from(hex, 'hex') : undefined
}

/** Why the column cannot hold exactly this value; `undefined` when it can. */
export function wantedProblem(type: string, given: Form, text: string): string | undefined {
  const value = wantedValue(type, given, text)
  if (value === undefined) return 'SQLite has no number that is exactly it'
  if (typeof value !== 'string') return undefined
  if (/\p{Surrogate}/u.test(text)) return 'it is no text in UTF-8'
  const becomesNumber =
    !keepsText(type) && hasNumericAffinity(type) && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)
  return becomesNumber ? `a column declared ${type} makes a number of it` : undefined
}

/** By SQLite's rules: everything but texts, blobs and columns without a type. */
function hasNumericAffinity(type: string): boolean {
  return /INT/i.test(type) || (type !== '' && !/CHAR|CLOB|TEXT|BLOB/i.test(type))
}
