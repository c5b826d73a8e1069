import type { GrantList } from '../../../core/diagnosis.js'
import type { FenceCheck } from '../../../core/lease.js'
import type { Conflict, StateStore } from '../../../core/state.js'
import { fenced } from '../../sql/stored-lease.js'
import { quotedRole } from '../catalog/identifiers.js'
import type { OwnTransactions } from '../own-transactions.js'
import type { Session } from '../session/session.js'
import { PostgresCheckpoints, type PostgresMove } from './checkpoints.js'
import { PostgresChecks } from './checks.js'
import { PostgresConflicts } from './conflicts.js'
import { PostgresDeadLetters } from './dead-letters.js'
import { PostgresEvents } from './events.js'
import { PostgresFeedRuns } from './feed-runs.js'
import { PostgresLeases } from './leases.js'
import { prepareState, stateGrantStatements } from './prepare-state.js'
import { PostgresRuns } from './runs.js'

/** The tables that lockstep keeps in the database it writes to; see state-schema.ts. */
export class PostgresStateStore implements StateStore {
  readonly checkpoints: PostgresCheckpoints
  readonly deadLetters: PostgresDeadLetters
  readonly conflicts: PostgresConflicts
  readonly runs: PostgresRuns
  readonly checks: PostgresChecks
  readonly feeds: PostgresFeedRuns
  readonly events: PostgresEvents
  readonly leases: PostgresLeases
  readonly #session: Session
  readonly #where: { readonly label: string; readonly schema: string }

  /**
   * `own` hears of each transaction in which a checkpoint, a run, an event or a lease is saved. `leasing` has connections
   * for leases alone.
   */
  constructor(
    { session, leasing }: { readonly session: Session; readonly leasing: Session },
    where: { label: string; schema: string },
    own: OwnTransactions,
  ) {
    this.#session = session
    this.#where = where
    const { schema } = where
    this.leases = new PostgresLeases(leasing, session, { schema, own })
    this.checkpoints = new PostgresCheckpoints(session, this.leases, { schema, own })
    this.deadLetters = new PostgresDeadLetters(session, where)
    this.conflicts = new PostgresConflicts(session, where.schema)
    this.runs = new PostgresRuns(session, where.schema, own)
    this.checks = new PostgresChecks(session, where.schema)
    this.feeds = new PostgresFeedRuns(session, where.schema)
    this.events = new PostgresEvents(session, where.schema, own)
  }

  prepare(signal: AbortSignal): Promise<void> {
    return prepareState(this.#session, this.#where, signal)
  }

  async grants(role: string, signal: AbortSignal): Promise<GrantList> {
    const { label: database, schema } = this.#where
    const statements = await stateGrantStatements(this.#session, { schema, role: quotedRole(role) }, signal)
    return { database, statements }
  }

  /** As `conflicts.record`, in a transaction that is open already. */
  recordConflicts(transaction: Session, conflicts: readonly Conflict[]): Promise<void> {
    return this.conflicts.recordIn(transaction, conflicts)
  }

  /** As `checkpoints.save`, in a transaction that is open already: the position commits with the items. */
  saveCheckpoint(transaction: Session, checkpoint: PostgresMove): Promise<void> {
    return this.checkpoints.saveIn(transaction, checkpoint)
  }

  /** Throws `FencedError` in a transaction that moves no checkpoint, which would ask by itself. */
  async checkFence(transaction: Session, check: FenceCheck): Promise<void> {
    if (!(await this.leases.standsIn(transaction, check))) throw fenced(check.flow, check.epoch)
  }
}
