import type { Database } from '../../core/database.js'
import type { RunRecord } from '../../core/state.js'
import { within } from '../within.js'

const EVERY_MS = 1_000
const DEADLINE_MS = 3_000
/** For the last word; what is down then learns it from the heartbeat's age. */
const LAST_DEADLINE_MS = 2_000

/**
 * Writes how a flow stands to its state tables every second. A database that is down is no reason to disturb the flow:
 * the next beat tries again.
 */
export class Heartbeat {
  readonly #database: Database
  readonly #record: () => RunRecord | undefined
  readonly #timer: NodeJS.Timeout
  #prepared = false
  #beating: Promise<void> | undefined

  constructor(database: Database, record: () => RunRecord | undefined) {
    this.#database = database
    this.#record = record
    this.#timer = setInterval(() => this.#beat(DEADLINE_MS), EVERY_MS)
    this.#beat(DEADLINE_MS)
  }

  /** Writes the record a last time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
    this.#beat(LAST_DEADLINE_MS)
    await this.#beating
  }

  /** At most one at a time, so that a slow database is not asked ever more. */
  #beat(deadlineMs: number): void {
    if (this.#beating !== undefined) return
    this.#beating = within(deadlineMs, this.#database.label, (signal) => this.#save(signal))
      .catch(() => {})
      .finally(() => {
        this.#beating = undefined
      })
  }

  async #save(signal: AbortSignal): Promise<void> {
    const { state } = this.#database
    if (!this.#prepared) await state.prepare(signal)
    this.#prepared = true
    const record = this.#record()
    if (record !== undefined) await state.runs.save(record)
  }
}
