import { formatArrayLiteral } from '../rows/array-literal.js'
import { dateText } from './date-text.js'

/** A value on its way into an array literal: what JavaScript prints as PostgreSQL reads it. `null` is SQL NULL. */
export type Element = string | number | bigint | boolean | null

/** Element types that travel in PostgreSQL's binary format: neither side then prints or reads digits. */
export type BinaryKind = 'int4' | 'timestamp' | 'timestamptz'

/** How the values of a column become text, where their JavaScript type does not say it. */
export interface ValueKind {
  /** `json` or `jsonb`: arrays are JSON too. Texts are taken for JSON already, as `pg` takes them. */
  readonly json: boolean
}

/** As `pg` would send the value as a parameter, but dates in UTC. `undefined`: no database value can be made of it. */
export function valueElement(value: unknown, kind: ValueKind): Element | undefined {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value
    case 'undefined':
      return null
    case 'object':
      return value === null ? null : objectText(value, kind)
    default:
      return undefined
  }
}

function objectText(value: object, kind: ValueKind): string | undefined {
  if (value instanceof Date) return dateText(value)
  if (value instanceof Uint8Array) return bytesText(value)
  if (Array.isArray(value) && !kind.json) return arrayText(value, kind)
  return jsonText(value)
}

/** Also of arrays in arrays; `{}` within an array is an empty array, as `pg` has it. */
export function arrayText(values: readonly unknown[], kind: ValueKind): string | undefined {
  const parts: string[] = []
  for (const value of values) {
    const part: unknown = value
    if (Array.isArray(part)) {
      const nested = arrayText(part, kind)
      if (nested === undefined) return undefined
      parts.push(nested)
      continue
    }
    const element = valueElement(part, kind)
    if (element === undefined) return undefined
    // One element between braces, without them.
    parts.push(formatArrayLiteral([element === null ? null : String(element)]).slice(1, -1))
  }
  return `{${parts.join(',')}}`
}

function bytesText(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

function jsonText(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
