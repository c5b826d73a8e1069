import { setTimeout as delay } from 'node:timers/promises'
import type { ServeOptions } from '../../core/distribute.js'

/** Before it is tried again to reach the queue. */
const AGAIN_MS = 1_000
/** Of a worker that a scheduler starts again anyway: as long as a database takes to be started or failed over. */
const PATIENCE_MS = 60_000

/** A queue that is away is waited for, and that is told once each time; with `once` not for ever. */
export class Absence {
  readonly #options: Pick<ServeOptions, 'once' | 'drain' | 'told'>
  #since: number | undefined

  constructor(options: Pick<ServeOptions, 'once' | 'drain' | 'told'>) {
    this.#options = options
  }

  /** Resolves when it is to be tried again, or the worker is to stop. Throws the error when it was waited for long enough. */
  async wait(error: Error): Promise<void> {
    const { once, drain, told } = this.#options
    if (this.#since === undefined) told({ type: 'unavailable', error })
    this.#since ??= performance.now()
    if (once && performance.now() - this.#since >= PATIENCE_MS) throw error
    await delay(AGAIN_MS, undefined, { signal: drain }).catch(() => undefined)
  }

  /** The queue is there. */
  over(): void {
    this.#since = undefined
  }
}
