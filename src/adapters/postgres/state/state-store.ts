import type { GrantList } from '../../../core/diagnosis.js'
import type { Conflict, StateStore } from '../../../core/state.js'
import { quotedRole } from '../catalog/identifiers.js'
import type { OwnTransactions } from '../own-transactions.js'
import type { Session } from '../session/session.js'
import { type CheckpointMove, PostgresCheckpoints } from './checkpoints.js'
import { PostgresChecks } from './checks.js'
import { PostgresConflicts } from './conflicts.js'
import { PostgresDeadLetters } from './dead-letters.js'
import { prepareState, stateGrantStatements } from './prepare-state.js'
import { PostgresRuns } from './runs.js'

/** The tables that lockstep keeps in the database it writes to; see state-schema.ts. */
export class PostgresStateStore implements StateStore {
  readonly checkpoints: PostgresCheckpoints
  readonly deadLetters: PostgresDeadLetters
  readonly conflicts: PostgresConflicts
  readonly runs: PostgresRuns
  readonly checks: PostgresChecks
  readonly #session: Session
  readonly #where: { readonly label: string; readonly schema: string }

  /** `own` hears of each transaction in which a checkpoint or a run is saved. */
  constructor(session: Session, where: { label: string; schema: string }, own: OwnTransactions) {
    this.#session = session
    this.#where = where
    this.checkpoints = new PostgresCheckpoints(session, where.schema, own)
    this.deadLetters = new PostgresDeadLetters(session, where)
    this.conflicts = new PostgresConflicts(session, where.schema)
    this.runs = new PostgresRuns(session, where.schema, own)
    this.checks = new PostgresChecks(session, where.schema)
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
  saveCheckpoint(transaction: Session, checkpoint: CheckpointMove): Promise<void> {
    return this.checkpoints.saveIn(transaction, checkpoint)
  }
}
