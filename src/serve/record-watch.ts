import type { Database } from '../core/database.js'
import { deadline } from '../engine/deadline.js'
import type { RecordBoard } from '../observe/board/record-board.js'
import { checkRecord } from './check-record.js'

const EVERY_MS = 1_000
const DEADLINE_MS = 5_000

/** Other flows of the same databases are not looked at. */
export interface WatchedFlows {
  readonly all: ReadonlySet<string>
  /** Those of kind `check`. */
  readonly checks: ReadonlySet<string>
}

/**
 * Reads every second what processes have told of their flows, from each database once. One that does not answer holds
 * up no other; its flows grow stale, which says so.
 */
export class RecordWatch implements Disposable {
  readonly #board: RecordBoard
  readonly #over = new AbortController()
  readonly #timers: readonly NodeJS.Timeout[]
  readonly #asking = new Set<Database>()

  constructor(board: RecordBoard, databases: readonly Database[], flows: WatchedFlows) {
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

  async #look(database: Database, { all, checks }: WatchedFlows): Promise<void> {
    if (this.#asking.has(database)) return
    this.#asking.add(database)
    const { label, state } = database
    try {
      const records = await deadline(this.#limit(label), () => state.runs.latest())
      for (const record of records) if (all.has(record.flow)) this.#board.take(record)
      const toldAt = new Map(records.map(({ flow, heartbeatAt }) => [flow, heartbeatAt]))
      // By hand a check keeps its run, and tells nothing else.
      for (const flow of checks) {
        const [newest] = await deadline(this.#limit(label), () => state.checks.list({ flow, limit: 1 }))
        if (newest !== undefined && newest.startedAt > (toldAt.get(flow) ?? ''))
          this.#board.take(checkRecord(newest, new Date().toISOString()))
      }
    } catch {
      // The next look may be luckier; readiness says what cannot be reached.
    } finally {
      this.#asking.delete(database)
    }
  }

  #limit(what: string): { readonly what: string; readonly ms: number; readonly signal: AbortSignal } {
    return { what, ms: DEADLINE_MS, signal: this.#over.signal }
  }
}
