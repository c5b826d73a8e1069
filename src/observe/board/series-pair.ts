import type { BatchEvent } from '../../core/observer.js'
import { batchesIn } from '../each-batch.js'
import type { Series, SeriesEntry } from './series.js'

/**
 * Two series of the same figures. What the current second brings is summed up in plain fields and put into both when it is
 * over, or when somebody reads them: this is on the hot path.
 */
export class SeriesPair {
  readonly #fine: Series
  readonly #coarse: Series
  /** ms since 1970 of the second that is summed up; it ends before `#untilMs`. */
  #fromMs = 0
  #untilMs = 0
  #items = 0
  #batches = 0
  #busyMs = 0
  /** -1: none. */
  #lagMs = -1

  /** The steps of both are whole seconds. */
  constructor(fine: Series, coarse: Series) {
    this.#fine = fine
    this.#coarse = coarse
  }

  batch(nowMs: number, event: BatchEvent): void {
    const { items, durationMs, lagMs } = event
    if (nowMs >= this.#untilMs || nowMs < this.#fromMs) this.#turn(nowMs)
    this.#items += items
    this.#batches += batchesIn(event)
    this.#busyMs += durationMs
    if (lagMs !== undefined && lagMs > this.#lagMs) this.#lagMs = lagMs
  }

  /** What is rare goes into both at once. */
  add(nowMs: number, entry: SeriesEntry): void {
    this.#fine.add(nowMs, entry)
    this.#coarse.add(nowMs, entry)
  }

  /** Both, with all that was told so far. */
  settled(): { readonly fine: Series; readonly coarse: Series } {
    this.#turn(this.#fromMs)
    return { fine: this.#fine, coarse: this.#coarse }
  }

  #turn(nowMs: number): void {
    if (this.#batches > 0) {
      const lagMs = this.#lagMs < 0 ? undefined : this.#lagMs
      this.add(this.#fromMs, { items: this.#items, batches: this.#batches, busyMs: this.#busyMs, lagMs })
    }
    this.#fromMs = Math.floor(nowMs / 1_000) * 1_000
    this.#untilMs = this.#fromMs + 1_000
    this.#items = 0
    this.#batches = 0
    this.#busyMs = 0
    this.#lagMs = -1
  }
}
