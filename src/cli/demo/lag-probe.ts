import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Oracle } from './oracle.js'

/** How exact a measured lag is. */
const LOOK_EVERY_MS = 3
const BETWEEN_MS = 10

/**
 * Measures the lag as a reader meets it: a row is committed on one side and looked for on the other until it is there.
 * It asks nothing of the product, and costs the servers a look-up by key every few milliseconds.
 */
export class LagProbe {
  /** Rows it has put in, all of them committed. */
  rows = 0
  /** From the start to the first row that came across, in ms. */
  firstMs: number | undefined
  readonly #lagsMs: number[] = []
  readonly #sides: readonly [Oracle, Oracle]

  constructor(left: Oracle, right: Oracle) {
    this.#sides = [left, right]
  }

  /** Probes, each time from a side picked at random, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const startMs = performance.now()
    while (!signal.aborted) {
      const lagMs = await this.#once(signal)
      if (lagMs === undefined) return
      // The first waits for the process to start; that is no lag.
      if (this.firstMs === undefined) this.firstMs = performance.now() - startMs
      else this.#lagsMs.push(lagMs)
      await delay(BETWEEN_MS)
    }
  }

  get samples(): number {
    return this.#lagsMs.length
  }

  /** The lag, in ms, that this share of the probes did not exceed; `undefined` before there is one. */
  percentileMs(share: number): number | undefined {
    const sorted = this.#lagsMs.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  }

  /** `undefined`: not seen before the end. */
  async #once(signal: AbortSignal): Promise<number | undefined> {
    const [left, right] = this.#sides
    const [from, to] = Math.random() < 0.5 ? [left, right] : [right, left]
    const id = randomUUID()
    await from.insert(id, `probe ${id}`)
    this.rows++
    const committedMs = performance.now()
    while (!signal.aborted) {
      if (await to.has(id)) return performance.now() - committedMs
      await delay(LOOK_EVERY_MS)
    }
    return undefined
  }
}
