import type { Clock } from '../clock.js'
import type { Holders } from './share-leases.js'

/** Nobody has come or gone for so long. */
const QUIET_MS = 2_000
/** However many come and go, not longer. */
const MOST_MS = 10_000

/**
 * Processes that are started together come within a second or two of one another. Where none of them has a lane yet the
 * first waits for the others: each that comes later would make those before it begin anew.
 */
export class Arrivals {
  readonly #clock: Clock
  #all: (() => number) | undefined
  #quiet: (() => number) | undefined
  #known = ''

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether more may come, by one look at who is there. Where somebody has lanes nobody is waited for. */
  areAwaited({ members, lanes }: Holders): boolean {
    const there = [...members].flatMap(([number, record]) => (record === undefined ? [] : [number])).join(' ')
    if ([...lanes.values()].some((record) => record !== undefined)) return false
    this.#all ??= this.#clock.stopwatch()
    if (this.#quiet === undefined || there !== this.#known) this.#quiet = this.#clock.stopwatch()
    this.#known = there
    return this.#quiet() < QUIET_MS && this.#all() < MOST_MS
  }
}
