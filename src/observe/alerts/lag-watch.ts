/** How a flow stands by its lag. `unsure`: some of it is late, but not for long. */
export type LagState =
  | { readonly kind: 'late'; readonly lagMs: number; readonly because?: string }
  | { readonly kind: 'unsure' }
  | { readonly kind: 'well' }

interface LateLane {
  readonly since: number
  last: number
  lagMs: number
}

/** More lanes than this are not looked at one by one. */
const MAX_LANES = 1_000

/**
 * Whether items arrive late for longer than they may. Each lane counts for itself: one that is stuck must not hide behind
 * one that is fast. A flow that cannot store anything says no lag, but is late as well.
 */
export class LagWatch {
  readonly #aboveMs: number
  readonly #forMs: number
  readonly #late = new Map<string, LateLane>()
  readonly #failing = new Map<string, number>()

  constructor(aboveMs: number, forMs: number) {
    this.#aboveMs = aboveMs
    this.#forMs = forMs
  }

  /** `true` when something may have changed; the usual batch, in time after one in time, changes nothing. */
  batch(lane: string, lagMs: number | undefined, nowMs: number): boolean {
    if (lagMs === undefined) return false
    if (lagMs <= this.#aboveMs) return this.#late.size > 0 && this.#late.delete(lane)
    const late = this.#late.get(lane)
    if (late === undefined && this.#late.size >= MAX_LANES) return false
    this.#late.set(lane, { since: late?.since ?? nowMs, last: nowMs, lagMs })
    return true
  }

  health(subject: string, healthy: boolean, nowMs: number): void {
    if (healthy) this.#failing.delete(subject)
    else if (!this.#failing.has(subject)) this.#failing.set(subject, nowMs)
  }

  /** Begins anew, as the flow does. */
  clear(): void {
    this.#late.clear()
    this.#failing.clear()
  }

  state(nowMs: number): LagState {
    this.#forgetQuiet(nowMs)
    const lags = [...this.#late.values()].filter(({ since, last }) => last - since >= this.#forMs)
    if (lags.length > 0) return { kind: 'late', lagMs: Math.max(...lags.map(({ lagMs }) => lagMs)) }
    const [failing] = [...this.#failing].sort((a, b) => a[1] - b[1])
    if (failing !== undefined && nowMs >= failing[1] + this.#aboveMs + this.#forMs) {
      return { kind: 'late', lagMs: nowMs - failing[1], because: failing[0] }
    }
    return this.#late.size > 0 || this.#failing.size > 0 ? { kind: 'unsure' } : { kind: 'well' }
  }

  /** The next moment after `nowMs` at which the state may change although nothing happens. */
  nextMs(nowMs: number): number | undefined {
    const quiet = this.#failing.size > 0 ? [] : [...this.#late.values()].map(({ last }) => last + this.#quietMs)
    const failing = [...this.#failing.values()].map((since) => since + this.#aboveMs + this.#forMs)
    const all = [...quiet, ...failing].filter((ms) => ms > nowMs)
    return all.length === 0 ? undefined : Math.min(...all)
  }

  /** A late item that nothing followed was late, but nothing is any more. */
  #forgetQuiet(nowMs: number): void {
    if (this.#failing.size > 0) return
    for (const [lane, { last }] of this.#late) if (nowMs >= last + this.#quietMs) this.#late.delete(lane)
  }

  get #quietMs(): number {
    return Math.max(2 * this.#forMs, 60_000)
  }
}
