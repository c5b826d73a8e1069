/** One column per figure, oldest step first; the last step is not over yet. */
export interface SeriesColumns {
  readonly stepMs: number
  /** Start of the first step; ms since 1970. */
  readonly fromMs: number
  readonly items: readonly number[]
  readonly batches: readonly number[]
  /** Time spent in writing batches; lanes add up. */
  readonly busyMs: readonly number[]
  /** The greatest of the step; `null` where nothing was stored. */
  readonly lagMs: readonly (number | null)[]
  readonly retries: readonly number[]
  readonly deadLetters: readonly number[]
}

/** What happened at one moment. */
export interface SeriesEntry {
  readonly items?: number
  readonly batches?: number
  readonly busyMs?: number
  readonly lagMs?: number | undefined
  readonly retries?: number
  readonly deadLetters?: number
}

/** Figures of the last `length` steps, in memory that does not grow. Adding is O(1): a step that is over is written over. */
export class Series {
  readonly #stepMs: number
  readonly #length: number
  /** Which step a slot holds. */
  readonly #steps: Float64Array
  readonly #items: Float64Array
  readonly #batches: Float64Array
  readonly #busyMs: Float64Array
  /** -1: none. */
  readonly #lagMs: Float64Array
  readonly #retries: Float64Array
  readonly #deadLetters: Float64Array

  constructor(stepMs: number, length: number) {
    this.#stepMs = stepMs
    this.#length = length
    this.#steps = new Float64Array(length).fill(-1)
    this.#items = new Float64Array(length)
    this.#batches = new Float64Array(length)
    this.#busyMs = new Float64Array(length)
    this.#lagMs = new Float64Array(length)
    this.#retries = new Float64Array(length)
    this.#deadLetters = new Float64Array(length)
  }

  add(nowMs: number, entry: SeriesEntry): void {
    const slot = this.#slot(nowMs)
    const { items = 0, batches = 0, busyMs = 0, lagMs = -1, retries = 0, deadLetters = 0 } = entry
    this.#items[slot] = (this.#items[slot] ?? 0) + items
    this.#batches[slot] = (this.#batches[slot] ?? 0) + batches
    this.#busyMs[slot] = (this.#busyMs[slot] ?? 0) + busyMs
    this.#retries[slot] = (this.#retries[slot] ?? 0) + retries
    this.#deadLetters[slot] = (this.#deadLetters[slot] ?? 0) + deadLetters
    if (lagMs > (this.#lagMs[slot] ?? -1)) this.#lagMs[slot] = lagMs
  }

  /** The last `steps` steps, the current one included. */
  columns(nowMs: number, steps: number = this.#length): SeriesColumns {
    const last = Math.floor(nowMs / this.#stepMs)
    const first = last - Math.min(steps, this.#length) + 1
    const slots = Array.from({ length: last - first + 1 }, (_, index) => this.#slotOf(first + index))
    const column = (values: Float64Array): readonly number[] =>
      slots.map((slot) => (slot === undefined ? 0 : (values[slot] ?? 0)))
    return {
      stepMs: this.#stepMs,
      fromMs: first * this.#stepMs,
      items: column(this.#items),
      batches: column(this.#batches),
      busyMs: column(this.#busyMs),
      lagMs: slots.map((slot) => this.#lagOf(slot)),
      retries: column(this.#retries),
      deadLetters: column(this.#deadLetters),
    }
  }

  /** Of the last `steps` steps, the current one included; `undefined`: nothing was stored in them. */
  greatestLagMs(nowMs: number, steps: number): number | undefined {
    const last = Math.floor(nowMs / this.#stepMs)
    let greatest = -1
    for (let step = last - steps + 1; step <= last; step++)
      greatest = Math.max(greatest, this.#lagOf(this.#slotOf(step)) ?? -1)
    return greatest < 0 ? undefined : greatest
  }

  #lagOf(slot: number | undefined): number | null {
    const lagMs = slot === undefined ? -1 : (this.#lagMs[slot] ?? -1)
    return lagMs < 0 ? null : lagMs
  }

  /** Where a step is kept; `undefined` when nothing happened in it. */
  #slotOf(step: number): number | undefined {
    const slot = step % this.#length
    return this.#steps[slot] === step ? slot : undefined
  }

  #slot(nowMs: number): number {
    const step = Math.floor(nowMs / this.#stepMs)
    const slot = step % this.#length
    if (this.#steps[slot] !== step) this.#clear(slot, step)
    return slot
  }

  #clear(slot: number, step: number): void {
    this.#steps[slot] = step
    this.#lagMs[slot] = -1
    for (const values of [this.#items, this.#batches, this.#busyMs, this.#retries, this.#deadLetters]) values[slot] = 0
  }
}
