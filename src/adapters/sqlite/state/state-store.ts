import type { FenceCheck } from '../../../core/lease.js'
import type { StateStore } from '../../../core/state.js'
import { fenced } from '../../sql/stored-lease.js'
import type { SqliteSession, Statements } from '../session/session.js'
import { SqliteCheckpoints } from './checkpoints.js'
import { SqliteChecks } from './checks.js'
import { SqliteConflicts } from './conflicts.js'
import { SqliteDeadLetters } from './dead-letters.js'
import { SqliteEvents } from './events.js'
import { SqliteFeedRuns } from './feed-runs.js'
import { SqliteLeases } from './leases.js'
import { SqliteRuns } from './runs.js'
import { prepareState } from './state-schema.js'

/** The tables that lockstep keeps in the file it writes to; see state-schema.ts. */
export class SqliteStateStore implements StateStore {
  readonly checkpoints: SqliteCheckpoints
  readonly deadLetters: SqliteDeadLetters
  readonly conflicts: SqliteConflicts
  readonly runs: SqliteRuns
  readonly checks: SqliteChecks
  readonly feeds: SqliteFeedRuns
  readonly events: SqliteEvents
  readonly leases: SqliteLeases
  readonly #session: SqliteSession
  readonly #label: string

  constructor(session: SqliteSession, label: string) {
    this.#session = session
    this.#label = label
    this.leases = new SqliteLeases(session)
    this.checkpoints = new SqliteCheckpoints(session, this.leases)
    this.deadLetters = new SqliteDeadLetters(session, label)
    this.conflicts = new SqliteConflicts(session)
    this.runs = new SqliteRuns(session)
    this.checks = new SqliteChecks(session)
    this.feeds = new SqliteFeedRuns(session)
    this.events = new SqliteEvents(session)
  }

  prepare(signal: AbortSignal): Promise<void> {
    return prepareState(this.#session, this.#label, signal)
  }

  /** Throws `FencedError` in a transaction that moves no checkpoint, which would ask by itself. */
  async checkFence(transaction: Statements, check: FenceCheck): Promise<void> {
    if (!(await this.leases.standsIn(transaction, check))) throw fenced(check.flow, check.epoch)
  }
}
