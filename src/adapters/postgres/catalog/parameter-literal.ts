import { formatArrayLiteral } from '../rows/array-literal.js'

const HALF_PAIR = /\p{Surrogate}/u

/**
 * A parameter as SQL text: a quoted literal of the type that the place asks for, as a parameter is, and as the driver writes
 * its value. `undefined` when no literal means exactly this value.
 */
export function parameterLiteral(value: unknown): string | undefined {
  if (value === null || value === undefined) return 'null'
  const text = textOf(value)
  if (text === undefined || text.includes('\0') || HALF_PAIR.test(text)) return undefined
  const doubled = text.replaceAll("'", "''")
  // The E form means the same under every `standard_conforming_strings`.
  return doubled.includes('\\') ? `(E'${doubled.replaceAll('\\', '\\\\')}')` : `('${doubled}')`
}

function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'object':
      return value === null ? undefined : objectText(value)
    default:
      return undefined
  }
}

function objectText(value: object): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return arrayText(value)
  return isPlain(value) ? JSON.stringify(value) : undefined
}

function arrayText(values: readonly unknown[]): string | undefined {
  const elements: (string | null)[] = []
  for (const value of values) {
    const text = value === null ? null : Array.isArray(value) ? undefined : textOf(value)
    if (text === undefined) return undefined
    elements.push(text)
  }
  return formatArrayLiteral(elements)
}

/** What Drizzle could not fill in (a placeholder) is of a class. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
