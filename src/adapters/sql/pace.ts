export interface PaceOptions {
  /** How long one statement should take, in ms. */
  readonly targetMs: number
  readonly first: number
  readonly least: number
  readonly most: number
}

/** A statement that took so many times its target met a busy server. */
const BUSY = 4
const LONGEST_REST_MS = 5_000

/** How much to read with the next statement, so that each takes about its target time, and how long to leave the server alone. */
export class Pace {
  #size: number
  readonly #options: PaceOptions

  constructor(options: PaceOptions) {
    this.#options = options
    this.#size = options.first
  }

  get size(): number {
    return this.#size
  }

  /** What the last statement of `size` took. Answers how long to rest before the next, in ms: 0 unless the server is busy. */
  took(ms: number): number {
    const { targetMs, least, most } = this.#options
    const factor = Math.min(4, Math.max(0.25, targetMs / Math.max(ms, 1)))
    const wasLeast = this.#size === least
    this.#size = Math.round(Math.min(most, Math.max(least, this.#size * factor)))
    const busy = ms > BUSY * targetMs && wasLeast
    return busy ? Math.min(ms, LONGEST_REST_MS) : 0
  }
}
