/** The rate is that of this many last seconds. */
const WINDOW_SECONDS = 10

/** Items per second of the last seconds, one slot for each. */
export class RateWindow {
  /** One more than the window, as the current second is not over. */
  readonly #slots = Array.from({ length: WINDOW_SECONDS + 1 }, () => ({ second: -1, items: 0 }))

  add(items: number, now: number): void {
    const second = Math.floor(now / 1_000)
    const slot = this.#slots[second % this.#slots.length]
    if (slot === undefined) return
    if (slot.second !== second) {
      slot.second = second
      slot.items = 0
    }
    slot.items += items
  }

  /** `startedAt` and `now` in ms since 1970; a flow younger than the window is measured over its age. */
  perSecond(now: number, startedAt: number): number {
    const second = Math.floor(now / 1_000)
    const recent = this.#slots.filter((slot) => slot.second > second - this.#slots.length)
    const items = recent.reduce((sum, slot) => sum + slot.items, 0)
    // From the start of the oldest slot that counts, but never from before the flow began.
    const from = Math.max(startedAt, (second - WINDOW_SECONDS) * 1_000)
    return items === 0 ? 0 : Math.round((items * 1_000) / Math.max(now - from, 1))
  }
}
