import type { InValue } from '@libsql/client'
import { isSqlValue } from '../../sql/drizzle-columns.js'

const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n

/**
 * A value as SQLite takes it, with every digit: whole numbers as integers, dates as ISO 8601 in UTC, objects as JSON.
 * `undefined`: SQLite has no such value. `text`: the column keeps what it is given as text, so that integers of any size
 * fit.
 */
export function sqliteValue(value: unknown, text: boolean): InValue | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
      return value ? 1n : 0n
    case 'number':
      return numberValue(value)
    case 'bigint':
      if (value >= MIN_INTEGER && value <= MAX_INTEGER) return value
      return text ? String(value) : undefined
    case 'undefined':
      return null
    case 'object':
      return value === null ? null : objectValue(value)
    default:
      return undefined
  }
}

/** libsql binds every number as a float, which a column of text or of no type would show. */
function numberValue(value: number): InValue | undefined {
  if (!Number.isFinite(value)) return undefined
  return Number.isSafeInteger(value) ? BigInt(value) : value
}

function objectValue(value: object): InValue | undefined {
  if (isSqlValue(value)) return undefined
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  try {
    return JSON.stringify(value) ?? undefined
  } catch {
    return undefined
  }
}

/** Whether a column of this declared type has the affinity TEXT, by SQLite's rules. */
export function keepsText(type: string): boolean {
  return !/INT/i.test(type) && /CHAR|CLOB|TEXT/i.test(type)
}
