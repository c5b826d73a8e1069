/** How figures and moments are written everywhere on these pages. */

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

/** `12,345` */
export function count(value: number): string {
  return WHOLE.format(value)
}

/** `1 file`, `12,345 files` */
export function plural(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? '' : 's'}`
}

/** `12.3K`, where room is short. */
export function shortCount(value: number): string {
  return SHORT.format(value)
}

/** Items per second; below ten with one digit, so that a trickle is not called nothing. */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 10) return `${perSecond.toFixed(1)}/s`
  return `${shortCount(perSecond)}/s`
}

/** `850 ms`, `2.4 s`, `3 min`, `5 h`, `12 d` */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`
  return `${Math.round(ms / 86_400_000)} d`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

export function bytes(value: number): string {
  const step = value < 1_000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1)
  const scaled = value / 1_000 ** step
  return `${step === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[step]}`
}

/** `5 s ago`, `in 3 min` */
export function ago(at: string, now: number): string {
  const ms = now - Date.parse(at)
  if (Math.abs(ms) < 1_000) return 'now'
  return ms < 0 ? `in ${duration(-ms)}` : `${duration(ms)} ago`
}

/** `2026-11-29 04:30:12`, in UTC as everything else in Lockstep. */
export function moment(at: string): string {
  return at.replace('T', ' ').replace(/(\.\d+)?Z$/, '')
}
