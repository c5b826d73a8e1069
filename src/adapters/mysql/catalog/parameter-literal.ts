import { bytesValue, textValue } from '../repair/literal.js'

const HALF_PAIR = /\p{Surrogate}/u

/** A parameter as SQL text; `undefined` when no literal means exactly this value. */
export function parameterLiteral(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return HALF_PAIR.test(value) ? undefined : `(${textValue(value).literal})`
    case 'number':
      return Number.isFinite(value) ? number(String(value)) : undefined
    case 'bigint':
      return number(String(value))
    case 'boolean':
      return String(value)
    case 'undefined':
      return 'null'
    case 'object':
      return value === null ? 'null' : objectLiteral(value)
    default:
      return undefined
  }
}

/** LIMIT takes no parentheses. */
function number(digits: string): string {
  return digits.startsWith('-') ? `(${digits})` : digits
}

/** Sessions are in UTC. */
function objectLiteral(value: object): string | undefined {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? undefined : `'${value.toISOString().slice(0, -1).replace('T', ' ')}'`
  }
  return value instanceof Uint8Array ? bytesValue(Buffer.from(value).toString('hex')).literal : undefined
}
