import type { Database } from '../core/database.js'
import { UnavailableError } from '../core/errors.js'

export interface WatchOptions {
  /** Between two questions, in ms. */
  readonly everyMs: number
  /** So often a database may fail to answer; a busy one is not lost. */
  readonly misses: number
}

export const WATCH_DEFAULTS: WatchOptions = { everyMs: 10_000, misses: 3 }

/**
 * Asks the databases now and then, over connections of their own, whether they still answer: a pass over a large table
 * may take hours, so that only this tells a server that is frozen, or whose link was cut, from one that is at work.
 */
export class Watch implements AsyncDisposable {
  readonly #lost = new AbortController()
  readonly #ended = new AbortController()
  readonly #options: WatchOptions
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(databases: readonly Database[], options: WatchOptions = WATCH_DEFAULTS) {
    this.#options = options
    for (const database of new Set(databases)) this.#later(database, 0)
  }

  /** Aborts, with an `UnavailableError`, when a database is taken for lost. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #later(database: Database, missed: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#ask(database, missed)
    }, this.#options.everyMs)
    this.#timers.add(timer)
  }

  async #ask(database: Database, missed: number): Promise<void> {
    const failed = await database.identify(this.#ended.signal).then(
      () => false,
      (error: unknown) => error instanceof UnavailableError,
    )
    if (this.#ended.signal.aborted) return
    if (failed && missed + 1 >= this.#options.misses) {
      const message = `${database.label} has not answered ${this.#options.misses} times in a row`
      this.#lost.abort(new UnavailableError('no-answer', message))
    } else this.#later(database, failed ? missed + 1 : 0)
  }
}
