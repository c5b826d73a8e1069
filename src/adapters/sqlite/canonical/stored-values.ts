import { quoteIdentifier } from '../catalog/identifiers.js'

/** As libsql gives values: integers are `bigint`, reals `number`, bytes an `ArrayBuffer`. */
export type StoredValue = null | bigint | number | string | ArrayBuffer

/**
 * SQL for the values of a row as one text: the client makes an object of each row, with accessors for each value, which
 * takes ten times as long as all else. Texts and bytes are in hexadecimal, so that nothing has to be escaped.
 */
export function encodedRow(columns: readonly string[]): string {
  return columns.map(encoded).join(` || ',' || `)
}

function encoded(column: string): string {
  const value = quoteIdentifier(column)
  return `case typeof(${value}) when 'integer' then 'i' || ${value} when 'real' then 'r' || printf('%!.17g', ${value})
    when 'text' then 't' || hex(${value}) when 'blob' then 'b' || hex(${value}) else 'n' end`
}

/** One value as `encodedRow` writes it. */
export function decodedValue(text: string): StoredValue {
  const value = text.slice(1)
  switch (text[0]) {
    case 'i':
      return BigInt(value)
    case 'r':
      return realOf(value)
    case 't':
      return Buffer.from(value, 'hex').toString()
    case 'b':
      return Uint8Array.from(Buffer.from(value, 'hex')).buffer
    default:
      return null
  }
}

function realOf(text: string): number {
  const infinite = /^([+-]?)Inf/i.exec(text)
  if (infinite === null) return Number(text)
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}
