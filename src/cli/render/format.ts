/** `1,234,567` */
export function count(value: number | bigint): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** `1 row`, `2 rows` */
export function plural(value: number | bigint, one: string, many = `${one}s`): string {
  return `${count(value)} ${Number(value) === 1 ? one : many}`
}

/** A span for people: `0.4 ms`, `12 ms`, `1.2 s`, `3 m 05 s`, `2 h 04 m`, `5 d 3 h`. */
export function span(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_500) return `${(ms / 1_000).toFixed(ms < 9_950 ? 1 : 0)} s`
  const seconds = Math.round(ms / 1_000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} m ${pad(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${pad(minutes % 60)} m`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** How long ago something was, for people: `just now`, `12 s ago`. */
export function ago(ms: number): string {
  return ms < 1_000 ? 'just now' : `${span(ms)} ago`
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}

/** Local time of day, `14:03:59`. */
export function clock(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8)
}

/** `next run 2026-11-29 03:00 UTC, in 2 h 04 m` */
export function nextRun(atMs: number, nowMs: number): string {
  const at = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')
  return `next run ${at} UTC, ${atMs <= nowMs ? 'now' : `in ${span(atMs - nowMs)}`}`
}

/** Control and format characters and line separators: what could move a cursor, change a title or hide text. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** One line of text that is safe to show: characters nobody would see appear as escapes. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (unseen) => ESCAPES[unseen] ?? `\\u{${unseen.codePointAt(0)?.toString(16) ?? ''}}`)
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** At most `width` characters; a cut is shown as `…`. */
export function cut(text: string, width: number): string {
  const characters = [...text]
  if (characters.length <= width) return text
  return width <= 1 ? characters.slice(0, Math.max(0, width)).join('') : `${characters.slice(0, width - 1).join('')}…`
}

const BARS = '▁▂▃▄▅▆▇█'

/** The last values as bars, each relative to the greatest. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 0)
  if (most <= 0) return BARS.charAt(0).repeat(values.length)
  return values
    .map((value) => BARS.charAt(Math.min(BARS.length - 1, Math.round((value / most) * (BARS.length - 1)))))
    .join('')
}

/** `label: reason`, also when the reason names the label itself, as most errors of a database do. */
export function labelled(label: string, reason: string): string {
  return reason.startsWith(`${label}: `) ? reason : `${label}: ${reason}`
}
