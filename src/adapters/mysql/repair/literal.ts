import type { Value } from '../../sql/statement.js'

/**
 * A text as a literal that means the same under every sql_mode, in a session whose character set is utf8mb4: a backslash
 * is an escape or none, by `NO_BACKSLASH_ESCAPES`, so what holds one is written in hexadecimal digits.
 */
export function textValue(text: string): Value<unknown> {
  const plain = /^[^\\\p{Cc}]*$/u.test(text)
  const hex = (): string => `_utf8mb4 x'${Buffer.from(text, 'utf8').toString('hex')}'`
  return { literal: plain ? `'${text.replaceAll("'", "''")}'` : hex(), parameter: text }
}

export function bytesValue(hex: string): Value<unknown> {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new RangeError('these are no hexadecimal digits')
  return { literal: `x'${hex}'`, parameter: Buffer.from(hex, 'hex') }
}

/** Digits as they are: a parameter would be compared as a text, which is a double, and loses digits. */
export function numberText(text: string): string {
  if (!/^-?\d+(\.\d+)?(e-?\d+)?$/.test(text)) throw new RangeError('this is no number')
  return text
}
