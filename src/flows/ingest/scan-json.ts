import type { DecodeLimits } from './options.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const POINT = 0x2e
const LOWER_E = 0x65
const UPPER_E = 0x45
/** With bit 5 set `[` becomes `{`, and `]` becomes `}`: one comparison for each pair. */
const OPEN = 0x7b
const CLOSE = 0x7d
const BIT_5 = 0x20

/** Every integer of 15 digits is exact as a double. */
const SAFE_DIGITS = 15

export interface JsonHazard {
  /** `deep`: more than `depth` within one another. `integer`: its digits would not survive. */
  readonly kind: 'deep' | 'integer'
  /** Byte at which it begins. */
  readonly at: number
}

/**
 * The first thing in a JSON text that must not reach `JSON.parse`. Looks at each byte once and makes nothing, so a bomb
 * costs no more than its bytes. Broken JSON is for `JSON.parse` to find.
 */
export function scanJson(
  text: Uint8Array,
  { depth, exactIntegers }: Pick<DecodeLimits, 'depth' | 'exactIntegers'>,
): JsonHazard | undefined {
  let open = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0
    if (byte === QUOTE) {
      at = endOfString(text, at)
    } else if ((byte | BIT_5) === OPEN) {
      if (++open > depth) return { kind: 'deep', at }
    } else if ((byte | BIT_5) === CLOSE) {
      open--
    } else if (byte >= ZERO && byte <= NINE) {
      const end = endOfDigits(text, at)
      if (exactIntegers && end - at > SAFE_DIGITS && isInexact(text, at, end)) return { kind: 'integer', at }
      at = end - 1
    }
  }
  return undefined
}

/**
 * Whether more digits follow one another than are always exact, be it in a string. Looks at one byte of so many, as each
 * such run has a digit there.
 */
export function hasManyDigits(text: Uint8Array): boolean {
  for (let at = SAFE_DIGITS; at < text.length; at += SAFE_DIGITS + 1) {
    if (!isDigit(text[at])) continue
    let start = at
    while (isDigit(text[start - 1])) start--
    if (endOfDigits(text, at) - start > SAFE_DIGITS) return true
  }
  return false
}

/** Index of the quote that ends the string which begins at `at`. */
function endOfString(text: Uint8Array, at: number): number {
  let end = at + 1
  while (end < text.length && text[end] !== QUOTE) end += text[end] === BACKSLASH ? 2 : 1
  return end
}

function endOfDigits(text: Uint8Array, at: number): number {
  let end = at
  while (isDigit(text[end])) end++
  return end
}

/** Whether the digits are a whole number (no fraction, no exponent) that a double does not hold. */
function isInexact(text: Uint8Array, start: number, end: number): boolean {
  const next = text[end]
  if (next === POINT || next === LOWER_E || next === UPPER_E) return false
  const before = text[start - 1]
  if (before === POINT) return false
  // Digits of an exponent: 1e+0000000000000000001 is odd, but exact.
  if (before === LOWER_E || before === UPPER_E || before === 0x2b) return false
  if (before === MINUS && (text[start - 2] === LOWER_E || text[start - 2] === UPPER_E)) return false
  const digits = Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('latin1')
  return !Number.isSafeInteger(Number(digits))
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}
