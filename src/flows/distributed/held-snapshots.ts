import type { Database } from '../../core/database.js'
import { LockstepError } from '../../core/errors.js'
import type { HeldSnapshot } from '../../core/key-range.js'

/** One moment of each database that can share one, held for the workers until it is closed or too old. */
export class HeldSnapshots implements AsyncDisposable {
  readonly #held: ReadonlyMap<Database, HeldSnapshot>
  readonly #timer: NodeJS.Timeout

  private constructor(held: ReadonlyMap<Database, HeldSnapshot>, maxAgeMs: number) {
    this.#held = held
    this.#timer = setTimeout(() => void this.#close(), maxAgeMs)
    this.#timer.unref()
  }

  /** A database that has none to give, such as a standby of an old server, is read at other moments. */
  static async open(databases: Iterable<Database>, maxAgeMs: number, signal: AbortSignal): Promise<HeldSnapshots> {
    const held = new Map<Database, HeldSnapshot>()
    for (const database of maxAgeMs === 0 ? [] : new Set(databases)) {
      try {
        const snapshot = await database.holdSnapshot?.(signal)
        if (snapshot !== undefined) held.set(database, snapshot)
      } catch (error) {
        if (!(error instanceof LockstepError) || signal.aborted) throw error
      }
    }
    return new HeldSnapshots(held, maxAgeMs)
  }

  /** `null`: there is none. */
  nameOf(database: Database): string | null {
    return this.#held.get(database)?.name ?? null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    await this.#close()
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#held.values()].map((snapshot) => snapshot.close()))
  }
}
