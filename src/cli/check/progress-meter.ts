import type { CheckProgress } from '../../core/progress.js'
import type { CheckView } from '../render/check-progress.js'

/** Rates are taken over so long. */
const WINDOW_MS = 10_000
/** What takes longer than expected is nearly done, never done. */
const MOST = 0.99

interface Sample {
  readonly atMs: number
  readonly done: number
}

/** Keeps the time of a check's progress. */
export class ProgressMeter {
  readonly #flow: string
  readonly #now: () => number
  readonly #startMs: number
  #progress: CheckProgress | undefined
  #phaseMs = 0
  #toldMs = 0
  #samples: Sample[] = []

  /** `now`: a clock in ms. */
  constructor(flow: string, now: () => number = () => performance.now()) {
    this.#flow = flow
    this.#now = now
    this.#startMs = now()
  }

  /** Answers whether a phase begins with it. */
  take(progress: CheckProgress): boolean {
    const atMs = this.#now()
    const last = this.#progress
    const begins =
      progress.phase !== last?.phase || progress.done < last.done || (progress.share ?? 0) < (last.share ?? 0)
    if (begins) {
      this.#phaseMs = atMs
      this.#samples = []
    }
    this.#progress = progress
    this.#toldMs = atMs
    const recent = this.#samples.filter((sample) => atMs - sample.atMs < WINDOW_MS)
    this.#samples = [...(recent.length > 0 ? recent : this.#samples.slice(-1)), { atMs, done: progress.done }]
    return begins
  }

  /** How it stands now; `undefined` before the first word. */
  look(): CheckView | undefined {
    if (this.#progress === undefined) return undefined
    const { phase } = this.#progress
    return { flow: this.#flow, phase, elapsedMs: this.#now() - this.#startMs, ...this.#figures(this.#progress) }
  }

  #figures({
    done,
    of,
    expectedMs,
    share: known,
  }: CheckProgress): Pick<CheckView, 'share' | 'rowsPerSecond' | 'leftMs'> {
    const sinceMs = this.#now() - this.#phaseMs
    if (known !== undefined && known > 0) {
      const totalMs = (this.#toldMs - this.#phaseMs) / known
      return { share: known, rowsPerSecond: undefined, leftMs: Math.max(0, totalMs - sinceMs) }
    }
    if (expectedMs !== undefined && expectedMs > 0) {
      const leftMs = expectedMs > sinceMs ? expectedMs - sinceMs : undefined
      return { share: Math.min(MOST, sinceMs / expectedMs), rowsPerSecond: undefined, leftMs }
    }
    const rowsPerSecond = this.#rate()
    if (of === undefined || of === 0) return { share: undefined, rowsPerSecond, leftMs: undefined }
    const leftMs = rowsPerSecond === undefined ? undefined : ((of - done) / rowsPerSecond) * 1_000
    return { share: Math.min(1, done / of), rowsPerSecond, leftMs }
  }

  /** `undefined`: nothing has come yet. A rate falls while nothing comes. */
  #rate(): number | undefined {
    const [first] = this.#samples
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.done === first.done) return undefined
    return ((last.done - first.done) / Math.max(1, this.#now() - first.atMs)) * 1_000
  }
}
