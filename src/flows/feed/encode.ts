import { DataError } from '../../core/errors.js'

/** The JSON text of what `map` made. Throws `DataError` on what JSON would change in silence. */
export function jsonText(value: unknown): string {
  const text = stringify(value)
  // JSON.stringify makes null of NaN and \ud800 of half a pair: only then is there something to look for.
  if (text.includes('null') || text.includes('\\ud')) refuseLosses(value)
  return text
}

function stringify(value: unknown): string {
  try {
    const text: unknown = JSON.stringify(value)
    if (typeof text === 'string') return text
  } catch (cause) {
    throw new DataError(
      'row-not-json',
      'map made what JSON cannot hold (a bigint, or an object within itself); make it a string or a number',
      { cause },
    )
  }
  throw new DataError('row-not-json', 'map made a function or a symbol, of which there is no JSON')
}

function refuseLosses(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw notANumber()
  if (typeof value === 'string') refuseHalfPairs(value)
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Date && Number.isNaN(value.getTime())) throw notANumber()
  for (const [name, inner] of Object.entries(value)) {
    refuseHalfPairs(name)
    refuseLosses(inner)
  }
}

/** A field of a CSV: numbers, dates and truth values as JSON has them, objects as JSON. */
export function fieldText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') {
    refuseHalfPairs(value)
    return value
  }
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  return jsonText(value)
}

const HALF_PAIR = /\p{Surrogate}/u

function refuseHalfPairs(text: string): void {
  if (!HALF_PAIR.test(text)) return
  throw new DataError('malformed-text', 'a text holds half a surrogate pair, which UTF-8 cannot carry')
}

function notANumber(): DataError {
  return new DataError('not-a-number', 'a number is NaN or infinite, or a date is invalid, of which JSON makes null')
}
