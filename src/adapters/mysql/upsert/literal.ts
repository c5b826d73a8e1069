import { cleanText, type InvalidText } from '../../sql/clean-text.js'
import type { Driver } from '../session/driver.js'
import type { Kind } from './column-kind.js'
import { dateLiteral, utcText } from './date-text.js'

/** Why a value cannot be written. */
export type Problem = 'value-unsupported' | 'invalid-text'

export interface Writing {
  readonly quote: Driver['quote']
  readonly invalidText: InvalidText
}

/** SQL text, or what is wrong with the value. */
export type Literal = { readonly sql: string } | Problem

export const NULL = { sql: 'null' } as const

/** A value as SQL text, exactly as it is; what the column makes of it is up to the server, which is strict. */
export function literal(value: unknown, kind: Kind, writing: Writing): Literal {
  switch (typeof value) {
    case 'string':
      return textLiteral(kind === 'moment' ? utcText(value) : value, writing)
    case 'number':
      if (!Number.isFinite(value)) return 'value-unsupported'
      return numberLiteral(String(value), kind)
    case 'bigint':
      return numberLiteral(value.toString(), kind)
    case 'boolean':
      if (kind === 'json') return { sql: `'${value}'` }
      return numberLiteral(value ? '1' : '0', kind)
    case 'undefined':
      return NULL
    case 'object':
      return value === null ? NULL : objectLiteral(value, kind, writing)
    default:
      return 'value-unsupported'
  }
}

/** As text where the column is text: a number there would be written as MySQL prints it. */
function numberLiteral(digits: string, kind: Kind): Literal {
  return { sql: kind === 'other' ? digits : `'${digits}'` }
}

function textLiteral(value: string, { quote, invalidText }: Writing): Literal {
  const text = cleanText(value, invalidText)
  return text === undefined ? 'invalid-text' : { sql: quote(text) }
}

function objectLiteral(value: object, kind: Kind, writing: Writing): Literal {
  if (value instanceof Date) {
    const text = kind === 'bytes' ? undefined : dateLiteral(value, kind)
    return text === undefined ? 'value-unsupported' : { sql: `'${text}'` }
  }
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return { sql: `x'${bytes.toString('hex')}'` }
  }
  if (kind !== 'json' && kind !== 'text') return 'value-unsupported'
  const json = jsonText(value)
  return json === undefined ? 'value-unsupported' : textLiteral(json, writing)
}

function jsonText(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
