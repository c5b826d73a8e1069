/** How much the last seconds brought; what `tally` keeps is since the start. Memory is bounded, whatever the rate. */
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

  /** The lags that these shares of the items of the last seconds did not exceed; without items `undefined`. */
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

  /** How many figures are kept. */
  get size(): number {
    return this.#perSecond.size + this.#lags.length
  }

  #forget(second: number): void {
    for (const old of this.#perSecond.keys()) if (old < second - HISTORY_S) this.#perSecond.delete(old)
  }
}

const HISTORY_S = 20
const LAG_WINDOW_MS = 10_000
const MAX_LAGS = 4_096
