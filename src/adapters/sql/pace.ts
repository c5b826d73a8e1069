export interface PaceOptions {
  /** How long one statement should take, in ms. */
  readonly targetMs: number
  readonly first: number
  readonly least: number
  readonly most: number
  /** Each unit takes about as long as any other. */
  readonly steady?: boolean
}

/** A statement that took so many times its target met a busy server. */
const BUSY = 4
/** Of steady units: one that takes so many times what the quickest took was read from a busy server. */
const SLOWED = 2
/** What the quickest took counts for a little less with each statement, so that a table's slow part becomes the measure. */
const FORGETTING = 1.01
const LONGEST_REST_MS = 5_000

/** How much to read with the next statement, so that each takes about its target time, and how long to leave the server alone. */
export class Pace {
  #size: number
  #quickest = Number.POSITIVE_INFINITY
  readonly #options: PaceOptions

  constructor(options: PaceOptions) {
    this.#options = options
    this.#size = options.first
  }

  get size(): number {
    return this.#size
  }

  /**
   * What the last statement took, or another one of `size`, which read so many `units`. Answers how long to rest before the next, in ms: 0 unless the
   * server is busy, and never longer than the statement took, so that it is slowed down to half at most.
   */
  took(ms: number, size = this.#size, units = size): number {
    const { targetMs, least, most, steady } = this.#options
    const factor = Math.min(4, Math.max(0.25, targetMs / Math.max(ms, 1)))
    this.#size = Math.round(Math.min(most, Math.max(least, size * factor)))
    const busy = ms > BUSY * targetMs && size <= least
    if (busy) return Math.min(ms, LONGEST_REST_MS)
    return steady === true ? this.#slowed(ms, units) : 0
  }

  #slowed(ms: number, units: number): number {
    // What is too short says more of the clock than of the server.
    if (ms < this.#options.targetMs / 2 || units === 0) return 0
    const each = ms / units
    this.#quickest = Math.min(each, this.#quickest * FORGETTING)
    const times = each / this.#quickest
    return times > SLOWED ? Math.min(ms * Math.min(1, times / SLOWED - 1), LONGEST_REST_MS) : 0
  }
}
