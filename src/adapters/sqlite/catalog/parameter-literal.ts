import { literal } from '../repair/change-statement.js'

const HALF_PAIR = /\p{Surrogate}/u

/** A parameter as SQL text, as the client binds its value; `undefined` when no literal means exactly this value. */
export function parameterLiteral(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return HALF_PAIR.test(value) ? undefined : `(${literal(value)})`
    case 'number':
      return numberLiteral(value)
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? `(${literal(value)})` : undefined
    case 'boolean':
      return value ? '1' : '0'
    case 'undefined':
      return 'null'
    case 'object':
      return value === null ? 'null' : objectLiteral(value)
    default:
      return undefined
  }
}

function numberLiteral(value: number): string | undefined {
  if (Number.isNaN(value)) return undefined
  return `(${literal(Number.isSafeInteger(value) ? BigInt(value) : value)})`
}

function objectLiteral(value: object): string | undefined {
  if (value instanceof Date) return numberLiteral(value.getTime())
  return value instanceof Uint8Array ? literal(value) : undefined
}
