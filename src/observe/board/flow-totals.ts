import type { FlowEvent } from '../../core/observer.js'

/** Upper bounds of the buckets of batch durations, in s; one more has all that are longer. */
export const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const

/** What only grows while the process lives, whatever is paused and resumed. */
export interface FlowTotals {
  readonly stored: number
  readonly deadLetters: number
  readonly held: number
  readonly skipped: number
  readonly conflicts: number
  readonly retries: number
  readonly batches: number
  readonly busySeconds: number
  /** Batches per bucket, not added up; `undefined` where they are not known. */
  readonly durations: readonly number[] | undefined
  readonly published: { readonly feeds: number; readonly rows: number; readonly bytes: number }
}

/** Counts as plain numbers: this is on the hot path. */
export class TotalsCounter {
  #stored = 0
  /** Items that became something else; the event of their batch, which counts them too, is still to come. */
  #unstored = 0
  #deadLetters = 0
  #held = 0
  #skipped = 0
  #conflicts = 0
  #retries = 0
  #batches = 0
  #busyMs = 0
  readonly #durations = new Float64Array(DURATION_BOUNDS.length + 1)
  readonly #published = { feeds: 0, rows: 0, bytes: 0 }

  batch(items: number, durationMs: number): void {
    const unstored = Math.min(items, this.#unstored)
    this.#unstored -= unstored
    this.#stored += items - unstored
    this.#batches++
    this.#busyMs += durationMs
    const seconds = durationMs / 1_000
    let bucket = 0
    while (bucket < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[bucket] ?? 0)) bucket++
    this.#durations[bucket] = (this.#durations[bucket] ?? 0) + 1
  }

  take(event: FlowEvent): void {
    switch (event.type) {
      case 'retry':
        this.#retries++
        return
      case 'dead-letters':
        this.#unstored += event.count
        if (event.held) this.#held += event.count
        else this.#deadLetters += event.count
        return
      case 'skipped':
        this.#unstored += event.count
        this.#skipped += event.count
        return
      case 'conflicts':
        this.#conflicts += event.count
        return
      case 'published':
        this.#published.feeds++
        this.#published.rows += event.rows
        this.#published.bytes += event.bytes
        return
    }
  }

  snapshot(): FlowTotals {
    return {
      stored: this.#stored,
      deadLetters: this.#deadLetters,
      held: this.#held,
      skipped: this.#skipped,
      conflicts: this.#conflicts,
      retries: this.#retries,
      batches: this.#batches,
      busySeconds: this.#busyMs / 1_000,
      durations: [...this.#durations],
      published: { ...this.#published },
    }
  }
}
