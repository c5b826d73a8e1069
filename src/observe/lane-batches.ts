import type { TimedObserver } from './fan-out.js'

const MAX_BATCHES = 32

/** Batches of one lane that are told as one event. Used again and again. */
export class LaneBatches {
  readonly #flow: string
  readonly #lane: string
  readonly #figures = new Float64Array(3 * MAX_BATCHES)
  #count = 0
  #lastMs = 0

  constructor(flow: string, lane: string) {
    this.#flow = flow
    this.#lane = lane
  }

  /** Takes `items`, `durationMs`, `lagMs` and the time from `of`, and tells when there is room for no more. */
  add(of: Float64Array, from: number, observer: TimedObserver): void {
    const at = 3 * this.#count++
    for (let index = 0; index < 3; index++) this.#figures[at + index] = of[from + index] ?? 0
    this.#lastMs = of[from + 3] ?? 0
    if (this.#count === MAX_BATCHES) this.tell(observer)
  }

  tell(observer: TimedObserver): void {
    const count = this.#count
    if (count === 0) return
    this.#count = 0
    const figures = this.#figures
    let items = 0
    let durationMs = 0
    let lagMs = -1
    for (let at = 0; at < 3 * count; at += 3) {
      items += figures[at] ?? 0
      durationMs += figures[at + 1] ?? 0
      lagMs = Math.max(lagMs, figures[at + 2] ?? -1)
    }
    const summed = { items, durationMs, lagMs: lagMs < 0 ? undefined : lagMs, each: { count, figures } }
    observer({ flow: this.#flow, type: 'batch', lane: this.#lane, ...summed }, this.#lastMs)
  }
}
