import type { Kind } from './column-kind.js'

/**
 * A date in UTC as the column takes it. `undefined`: it is invalid, of a year that MySQL does not know, or the column
 * takes no dates.
 */
export function dateLiteral(date: Date, kind: Kind): string | undefined {
  if (Number.isNaN(date.getTime())) return undefined
  const year = date.getUTCFullYear()
  if (year < 0 || year > 9999) return undefined
  const iso = date.toISOString()
  if (kind === 'text') return iso
  if (kind === 'json') return `"${iso}"`
  if (kind === 'date') return iso.slice(0, 10)
  return kind === 'moment' ? `${iso.slice(0, 10)} ${iso.slice(11, -1)}` : undefined
}

const ZONED = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)([.,]\d+)?\s?(Z|[+-]\d\d(?::?\d\d)?)$/i

/**
 * A moment with a time zone, in UTC and without it: servers of other versions refuse or ignore a zone. Every digit of the
 * second stays. Any other text is left as it is.
 */
export function utcText(text: string): string {
  const [, date, time, fraction = '', zone = ''] = ZONED.exec(text) ?? []
  if (date === undefined || time === undefined) return text
  const at = new Date(`${date}T${time}${normalZone(zone)}`)
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() < 0 || at.getUTCFullYear() > 9999) return text
  const iso = at.toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction.replace(',', '.')}`
}

function normalZone(zone: string): string {
  if (/^z$/i.test(zone)) return 'Z'
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`
}
