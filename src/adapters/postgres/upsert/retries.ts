import { setTimeout } from 'node:timers/promises'
import { ConfigError, DataError, UnavailableError } from '../../../core/errors.js'

/** Lanes that meet in other tables, or in several statements, can still lock each other out; the victim tries again at once. */
const MAX_DEADLOCKS = 5
const MAX_PAUSE_MS = 50

const LOCKED_OUT = new Set(['deadlock', 'serialization-failure'])

/** What may be tried again within one write, because it was not the rows that were wrong. */
export class Retries {
  /** Keys that are spelled differently may still be equal: the server makes them distinct. */
  distinct = false
  /** A key that was hoped to be new was there. */
  known = false
  #hoped = false
  #deadlocks = 0
  #outdated = false

  /** Called with the error of a statement that took all keys for new. */
  wereKnown(error: unknown): boolean {
    this.#hoped = error instanceof DataError && error.code === 'unique-violation'
    return this.#hoped
  }

  /** Whether the same can be tried again; waits for the right moment. */
  async again(error: unknown, signal: AbortSignal): Promise<boolean> {
    if (this.#hoped && !this.known) {
      this.known = true
      return true
    }
    if (error instanceof DataError && error.code === 'cardinality-violation' && !this.distinct) {
      this.distinct = true
      return true
    }
    if (!(error instanceof UnavailableError) || !LOCKED_OUT.has(error.code)) return false
    this.#deadlocks += 1
    if (this.#deadlocks > MAX_DEADLOCKS || signal.aborted) return false
    await setTimeout(Math.random() * MAX_PAUSE_MS)
    return true
  }

  /** Whether a changed table can be the cause; true only once. */
  mayBeOutdated(error: unknown): boolean {
    if (this.#outdated || !(error instanceof ConfigError || error instanceof DataError)) return false
    this.#outdated = true
    return true
  }
}
