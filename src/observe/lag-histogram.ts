/** Each bucket is about 9 % wider than the one before: that is the error of a percentile. */
const STEPS_PER_DOUBLING = 8
/** Up to 2^27 ms, one and a half days; what is above counts as that. */
const BUCKETS = 27 * STEPS_PER_DOUBLING + 1

/** Percentiles of lags in 1.7 kB, however many there are. */
export class LagHistogram {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0
  #max = 0

  /** Counts `items` items with a lag of `lagMs`. */
  record(lagMs: number, items: number): void {
    const bucket = lagMs <= 1 ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log2(lagMs) * STEPS_PER_DOUBLING))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + items
    this.#total += items
    this.#max = Math.max(this.#max, lagMs)
  }

  /** The lag in ms that the share `quantile` (0 to 1) of the items did not exceed; `undefined` without any. */
  quantile(quantile: number): number | undefined {
    if (this.#total === 0) return undefined
    let seen = 0
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count
      if (seen >= quantile * this.#total && seen > 0) {
        return Math.min(this.#max, Math.round(2 ** (bucket / STEPS_PER_DOUBLING)))
      }
    }
    return this.#max
  }

  get max(): number | undefined {
    return this.#total === 0 ? undefined : this.#max
  }
}
