import type { StateStore } from '../../../core/state.js'
import type { SqliteSession } from '../session/session.js'
import { SqliteCheckpoints } from './checkpoints.js'
import { SqliteChecks } from './checks.js'
import { SqliteConflicts } from './conflicts.js'
import { SqliteDeadLetters } from './dead-letters.js'
import { SqliteRuns } from './runs.js'
import { prepareState } from './state-schema.js'

/** The tables that lockstep keeps in the file it writes to; see state-schema.ts. */
export class SqliteStateStore implements StateStore {
  readonly checkpoints: SqliteCheckpoints
  readonly deadLetters: SqliteDeadLetters
  readonly conflicts: SqliteConflicts
  readonly runs: SqliteRuns
  readonly checks: SqliteChecks
  readonly #session: SqliteSession
  readonly #label: string

  constructor(session: SqliteSession, label: string) {
    this.#session = session
    this.#label = label
    this.checkpoints = new SqliteCheckpoints(session)
    this.deadLetters = new SqliteDeadLetters(session, label)
    this.conflicts = new SqliteConflicts(session)
    this.runs = new SqliteRuns(session)
    this.checks = new SqliteChecks(session)
  }

  prepare(signal: AbortSignal): Promise<void> {
    return prepareState(this.#session, this.#label, signal)
  }
}
