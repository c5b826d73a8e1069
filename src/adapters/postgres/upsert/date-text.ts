const DAY_MS = 86_400_000
/** 0001-01-01 and 10000-01-01, between which ISO 8601 will do. */
const FIRST_MS = -62_135_596_800_000
const END_MS = 253_402_300_800_000

let lastDay = Number.NaN
let lastDayText = ''

/**
 * A date as PostgreSQL reads it, in UTC: ISO 8601, but with `BC` for years before 1 and no sign for years after 9999.
 * `undefined` for an invalid date. Without a time zone in the column, the zone at its end is ignored.
 */
export function dateText(date: Date): string | undefined {
  const time = date.getTime()
  if (Number.isNaN(time)) return undefined
  return time >= FIRST_MS && time < END_MS ? isoText(time) : farText(date)
}

/** As `toISOString`, which takes three times as long: the dates of a batch are mostly of one day. */
function isoText(time: number): string {
  const day = Math.floor(time / DAY_MS)
  if (day !== lastDay) {
    lastDayText = new Date(day * DAY_MS).toISOString().slice(0, 11)
    lastDay = day
  }
  const ms = time - day * DAY_MS
  const seconds = Math.floor(ms / 1_000)
  const minutes = Math.floor(seconds / 60)
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`
  return `${lastDayText}${clock}.${String(1_000 + (ms % 1_000)).slice(1)}Z`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

function farText(date: Date): string {
  const iso = date.toISOString()
  const year = date.getUTCFullYear()
  const rest = iso.slice(iso.indexOf('-', 1))
  const digits = String(year > 0 ? year : 1 - year).padStart(4, '0')
  return `${digits}${rest}${year > 0 ? '' : ' BC'}`
}
