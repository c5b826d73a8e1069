import type { Database } from '../core/database.js'
import { deadline } from '../engine/deadline.js'
import type { RecordBoard } from '../observe/board/record-board.js'

const EVERY_MS = 1_000
const DEADLINE_MS = 5_000

/**
 * Reads every second what processes have told of their flows, from each database once. One that does not answer holds
 * up no other; its flows grow stale, which says so.
 */
export class RecordWatch implements Disposable {
  readonly #board: RecordBoard
  readonly #over = new AbortController()
  readonly #timers: readonly NodeJS.Timeout[]
  readonly #asking = new Set<Database>()

  /** `flows`: other flows of the same databases are not looked at. */
  constructor(board: RecordBoard, databases: readonly Database[], flows: ReadonlySet<string>) {
    this.#board = board
    this.#timers = databases.map((database) => {
      const look = (): void => void this.#look(database, flows)
      look()
      return setInterval(look, EVERY_MS)
    })
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#over.abort()
  }

  async #look(database: Database, flows: ReadonlySet<string>): Promise<void> {
    if (this.#asking.has(database)) return
    this.#asking.add(database)
    try {
      const limit = { what: database.label, ms: DEADLINE_MS, signal: this.#over.signal }
      const records = await deadline(limit, () => database.state.runs.latest())
      for (const record of records) if (flows.has(record.flow)) this.#board.take(record)
    } catch {
      // The next look may be luckier; readiness says what cannot be reached.
    } finally {
      this.#asking.delete(database)
    }
  }
}
