import { DataError } from '../../../core/errors.js'
import { decimalOf, type ParquetType } from './column-type.js'

export type ParquetValue = boolean | number | bigint | string | Uint8Array | null

/**
 * What is written for a value: a text as the database prints it, or what `map` made. Throws `DataError` when the type cannot
 * hold it; nothing is rounded or cut.
 */
export function columnValue(type: ParquetType, value: unknown): ParquetValue {
  if (value === null || value === undefined) return null
  const found = decimalOf(type) === undefined ? plainValue(type, value) : unscaled(type, value)
  if (found === undefined)
    throw new DataError('value-not-parquet', `a value is none that a column of type ${type} holds`)
  return found
}

function plainValue(type: ParquetType, value: unknown): ParquetValue | undefined {
  switch (type) {
    case 'bool':
      return boolValue(value)
    case 'int32':
      return intValue(value, 2 ** 31)
    case 'int64':
      return longValue(value)
    case 'float':
    case 'double':
      return floatValue(value)
    case 'bytes':
      return bytesValue(value)
    case 'uuid':
      return typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined
    case 'date':
      return dateValue(value)
    case 'timestamp':
    case 'timestamptz':
      return microseconds(type, value)
    default:
      return textValue(value)
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function boolValue(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (value === 't' || value === 'true' || value === '1' || value === 1) return true
  return value === 'f' || value === 'false' || value === '0' || value === 0 ? false : undefined
}

function intValue(value: unknown, limit: number): number | undefined {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  const inside = typeof number === 'number' && Number.isInteger(number) && number >= -limit && number < limit
  return inside ? number : undefined
}

function longValue(value: unknown): bigint | undefined {
  const whole =
    typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' && /^-?\d+$/.test(value)
  const long = typeof value === 'bigint' ? value : whole ? BigInt(String(value)) : undefined
  return long !== undefined && long >= -(2n ** 63n) && long < 2n ** 63n ? long : undefined
}

function floatValue(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' && FLOAT.test(value) ? Number(value) : undefined
}

const FLOAT = /^(NaN|-?Infinity|-?\d+(\.\d*)?(e[+-]?\d+)?)$/i

/** `\x` and hexadecimal digits is how PostgreSQL prints bytes. */
function bytesValue(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' && /^\\x([0-9a-f]{2})*$/.test(value) ? Buffer.from(value.slice(2), 'hex') : undefined
}

function textValue(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (typeof text !== 'string') return undefined
  if (!/\p{Surrogate}/u.test(text)) return text
  throw new DataError('malformed-text', 'a text holds half a surrogate pair, which UTF-8 cannot carry')
}

const DATE = /^(\d{4,6})-(\d\d)-(\d\d)$/
const DAY_MS = 86_400_000

function dateValue(value: unknown): number | undefined {
  const ms = value instanceof Date ? value.getTime() : dayMs(typeof value === 'string' ? DATE.exec(value) : null)
  return ms === undefined || Number.isNaN(ms) ? undefined : Math.floor(ms / DAY_MS)
}

function dayMs(parts: RegExpExecArray | null): number | undefined {
  if (parts === null) return undefined
  const day = new Date(0)
  // Not Date.UTC, which takes the years before 100 for those of the last century.
  return day.setUTCFullYear(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]))
}

const TIME = /^(\d{4,6}-\d\d-\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d(?::?\d\d)?)?$/

/** Since 1970; of UTC, or, without a zone, as if it were. */
function microseconds(type: ParquetType, value: unknown): bigint | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : BigInt(value.getTime()) * 1_000n
  const parts = typeof value === 'string' ? TIME.exec(value) : null
  const [, day = '', hours, minutes, seconds, fraction = '', zone] = parts ?? []
  const ms = dayMs(DATE.exec(day))
  if (ms === undefined || (type === 'timestamp' && zone !== undefined)) return undefined
  const inDay = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  const exact = BigInt(ms) * 1_000n + BigInt(inDay) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
  return exact - BigInt(zoneMinutes(zone)) * 60_000_000n
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || 0)
  return zone.startsWith('-') ? -minutes : minutes
}

/** A decimal as a whole number of its last digit. */
function unscaled(type: ParquetType, value: unknown): bigint | undefined {
  const { precision, scale } = decimalOf(type) ?? { precision: 0, scale: 0 }
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value)) ?? []
  const exact = fraction.replace(/0+$/, '')
  if (sign === undefined || exact.length > scale) return undefined
  const digits = BigInt(whole + exact.padEnd(scale, '0'))
  if (digits >= 10n ** BigInt(precision)) return undefined
  return sign === '-' ? -digits : digits
}
