/**
 * A date as PostgreSQL reads it, in UTC: ISO 8601, but with `BC` for years before 1 and no sign for years after 9999.
 * `undefined` for an invalid date. Without a time zone in the column, the zone at its end is ignored.
 */
export function dateText(date: Date): string | undefined {
  if (Number.isNaN(date.getTime())) return undefined
  const iso = date.toISOString()
  const year = date.getUTCFullYear()
  if (year >= 1 && year <= 9999) return iso
  const rest = iso.slice(iso.indexOf('-', 1))
  const digits = String(year > 0 ? year : 1 - year).padStart(4, '0')
  return `${digits}${rest}${year > 0 ? '' : ' BC'}`
}
