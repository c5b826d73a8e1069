import type { CheckPhase } from '../../core/progress.js'
import { count, cut, span } from './format.js'
import type { Paint } from './paint.js'

/** How a check stands. */
export interface CheckView {
  readonly flow: string
  readonly phase: CheckPhase
  readonly elapsedMs: number
  /** Of this phase, 0 to 1; `undefined`: not known. */
  readonly share: number | undefined
  readonly rowsPerSecond: number | undefined
  /** Of this phase. */
  readonly leftMs: number | undefined
}

const WORDS: Readonly<Record<CheckPhase, string>> = {
  digest: 'hashing both tables',
  narrow: 'narrowing down',
  fetch: 'fetching what may differ',
  confirm: 'looking again',
  count: 'recounting',
  ranges: 'ranges at workers',
}

const BAR_WIDTH = 16

/** One line: `blobs: recounting ████░░░░ 43 % · 120,000 rows/s · 12 s · 16 s left`. */
export function renderProgress(
  view: CheckView,
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string {
  const { share, rowsPerSecond, leftMs, elapsedMs } = view
  const figures = [
    ...(share === undefined ? [] : [`${bar(share)} ${Math.floor(share * 100)} %`]),
    ...(rowsPerSecond === undefined ? [] : [`${count(rowsPerSecond)} rows/s`]),
    span(wholeSeconds(elapsedMs)),
    ...(leftMs === undefined ? [] : [`${span(Math.max(1_000, wholeSeconds(leftMs)))} left`]),
  ]
  return paint.dim(cut(`${view.flow}: ${WORDS[view.phase]} · ${figures.join(' · ')}`, width - 1))
}

function bar(share: number): string {
  const full = Math.round(share * BAR_WIDTH)
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full)
}

/** A line that is drawn over itself should not flicker in its digits. */
function wholeSeconds(ms: number): number {
  return Math.round(ms / 1_000) * 1_000
}
