/** What the last seconds brought: rates and lags for the live view. Memory is bounded, whatever the rate. */
export class Recent {
  readonly #perSecond = new Map<number, number>()
  #lags: { readonly atMs: number; readonly lagMs: number; readonly items: number }[] = []

  add(items: number, lagMs: number | undefined, nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    this.#perSecond.set(second, (this.#perSecond.get(second) ?? 0) + items)
    if (this.#perSecond.size > 2 * HISTORY_S) this.#forget(second)
    if (lagMs === undefined || items === 0) return
    this.#lags.push({ atMs: nowMs, lagMs, items })
    if (this.#lags.length > 2 * MAX_LAGS) this.#lags = this.#lags.slice(-MAX_LAGS)
  }

  /** Items of each of the last whole seconds, oldest first. */
  history(nowMs: number): readonly number[] {
    const now = Math.floor(nowMs / 1_000)
    return Array.from({ length: HISTORY_S }, (_, index) => this.#perSecond.get(now - HISTORY_S + index) ?? 0)
  }

  /** Items per second over the last whole seconds; over what there is in the first ones after `sinceMs`. */
  itemsPerSecond(nowMs: number, sinceMs: number): number {
    const seconds = Math.min(RATE_S, Math.floor(nowMs / 1_000) - Math.floor(sinceMs / 1_000))
    if (seconds <= 0) return this.#perSecond.get(Math.floor(nowMs / 1_000)) ?? 0
    return (
      this.history(nowMs)
        .slice(-seconds)
        .reduce((sum, items) => sum + items, 0) / seconds
    )
  }

  /** Lags below which a share of the last seconds' items was, in the order of `shares`. */
  lags(nowMs: number, shares: readonly number[]): readonly (number | undefined)[] {
    const recent = this.#lags.filter(({ atMs }) => nowMs - atMs <= LAG_WINDOW_MS).sort((a, b) => a.lagMs - b.lagMs)
    const total = recent.reduce((sum, { items }) => sum + items, 0)
    return shares.map((share) => {
      let seen = 0
      return recent.find(({ items }) => {
        seen += items
        return seen >= share * total
      })?.lagMs
    })
  }

  #forget(second: number): void {
    for (const old of this.#perSecond.keys()) if (old < second - HISTORY_S) this.#perSecond.delete(old)
  }
}

const HISTORY_S = 20
const RATE_S = 3
const LAG_WINDOW_MS = 10_000
const MAX_LAGS = 4_096
