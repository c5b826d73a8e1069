/** How much the last seconds brought; what `tally` keeps is since the start. Memory is bounded, whatever the rate. */
export class Recent {
  readonly #perSecond = new Map<number, number>()
  #lags: Lags = { at: [], lagMs: [], items: [] }
  /** The second that is not over, and what it has brought. */
  #second = 0
  #items = 0

  /** Once per batch: nothing is made but numbers. */
  add(items: number, lagMs: number | undefined, nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.#second) this.#turn(second)
    this.#items += items
    if (lagMs === undefined || items === 0) return
    const { at, lagMs: lags, items: of } = this.#lags
    at.push(nowMs)
    lags.push(lagMs)
    of.push(items)
    if (at.length > 2 * MAX_LAGS)
      this.#lags = { at: at.slice(-MAX_LAGS), lagMs: lags.slice(-MAX_LAGS), items: of.slice(-MAX_LAGS) }
  }

  /** Items of each of the last whole seconds, oldest first. */
  history(nowMs: number): readonly number[] {
    const now = Math.floor(nowMs / 1_000)
    this.#turn(now)
    return Array.from({ length: HISTORY_S }, (_, index) => this.#perSecond.get(now - HISTORY_S + index) ?? 0)
  }

  /** The lags that these shares of the items of the last seconds did not exceed; without items `undefined`. */
  lags(nowMs: number, shares: readonly number[]): readonly (number | undefined)[] {
    const { at, lagMs: lags, items: of } = this.#lags
    const recent = at
      .map((atMs, index) => ({ atMs, lagMs: lags[index] ?? 0, items: of[index] ?? 0 }))
      .filter(({ atMs }) => nowMs - atMs <= LAG_WINDOW_MS)
      .sort((a, b) => a.lagMs - b.lagMs)
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
    return this.#perSecond.size + this.#lags.at.length
  }

  /** Puts down what the second that was has brought. */
  #turn(second: number): void {
    if (this.#items > 0) this.#perSecond.set(this.#second, (this.#perSecond.get(this.#second) ?? 0) + this.#items)
    this.#second = second
    this.#items = 0
    if (this.#perSecond.size > 2 * HISTORY_S) this.#forget(second)
  }

  #forget(second: number): void {
    for (const old of this.#perSecond.keys()) if (old < second - HISTORY_S) this.#perSecond.delete(old)
  }
}

/** One column per figure of a batch; the oldest first. */
interface Lags {
  readonly at: number[]
  readonly lagMs: number[]
  readonly items: number[]
}

const HISTORY_S = 20
const LAG_WINDOW_MS = 10_000
const MAX_LAGS = 4_096
