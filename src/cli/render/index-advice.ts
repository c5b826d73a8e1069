import type { IndexAdvice, ReadCost } from '../../core/index-advice.js'
import { count } from './format.js'

/** What is read without the index and with it, a line for each kind of statement. */
export function renderAdvice({ reads, sizeBytes }: IndexAdvice): readonly string[] {
  const lines = reads.map(({ what, now, after }) => {
    const [before, then] = [costText(now), costText(after)]
    return `${what}: now ${before === '' ? 'of unknown cost' : before}; with an index ${then === '' ? 'only what it looks for' : then}`
  })
  return sizeBytes === undefined ? lines : [...lines, `the index itself: about ${bytesText(sizeBytes)}`]
}

function costText({ rows, bytes, planner }: ReadCost): string {
  const parts = [
    ...(rows === undefined ? [] : [`about ${count(rounded(rows))} rows`]),
    ...(bytes === undefined ? [] : [bytesText(bytes)]),
    ...(planner === undefined ? [] : [`planner's cost ${count(rounded(planner))}`]),
  ]
  return parts.join(', ')
}

/** Estimates have no more than three digits that mean something. */
function rounded(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(value, 1))) - 2)
  return Math.round(value / unit) * unit
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** `612 MB`, `1.4 GB` */
function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000
    unit += 1
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}
