import type { GrantList } from '../../../core/diagnosis.js'
import type { FenceCheck } from '../../../core/lease.js'
import type { StateStore } from '../../../core/state.js'
import { fenced } from '../../sql/stored-lease.js'
import { quotedUser } from '../catalog/identifiers.js'
import type { Session } from '../session/session.js'
import { MysqlCheckpoints } from './checkpoints.js'
import { MysqlChecks } from './checks.js'
import { MysqlConflicts } from './conflicts.js'
import { MysqlDeadLetters } from './dead-letters.js'
import { MysqlEvents } from './events.js'
import { MysqlFeedRuns } from './feed-runs.js'
import { MysqlLeases } from './leases.js'
import { MysqlRuns } from './runs.js'
import { prepareState, type StateDialect, type StatePlace, stateDdl, stateGrants } from './state-schema.js'

/** The tables that lockstep keeps in the database it writes to; see state-schema.ts. */
export class MysqlStateStore implements StateStore {
  readonly checkpoints: MysqlCheckpoints
  readonly deadLetters: MysqlDeadLetters
  readonly conflicts: MysqlConflicts
  readonly runs: MysqlRuns
  readonly checks: MysqlChecks
  readonly feeds: MysqlFeedRuns
  readonly events: MysqlEvents
  readonly leases: MysqlLeases
  readonly #session: Session
  readonly #place: StatePlace

  /** `leasing` has connections for leases alone. */
  constructor(
    { session, leasing }: { readonly session: Session; readonly leasing: Session },
    place: StatePlace,
    dialect: StateDialect,
  ) {
    this.#session = session
    this.#place = place
    this.leases = new MysqlLeases(leasing, session, place)
    this.checkpoints = new MysqlCheckpoints(session, this.leases, place)
    this.deadLetters = new MysqlDeadLetters(session, place, dialect)
    this.conflicts = new MysqlConflicts(session, place, dialect)
    this.runs = new MysqlRuns(session, place, dialect)
    this.checks = new MysqlChecks(session, place)
    this.feeds = new MysqlFeedRuns(session, place)
    this.events = new MysqlEvents(session, place, dialect)
  }

  prepare(signal: AbortSignal): Promise<void> {
    return prepareState(this.#session, this.#place, signal)
  }

  async grants(role: string): Promise<GrantList> {
    const { database, label } = this.#place
    const statements = [...stateDdl(database), ...stateGrants(database, quotedUser(role))]
    return { database: label, statements: statements.map((statement) => `${statement};`) }
  }

  /** Throws `FencedError` in a transaction that moves no checkpoint, which would ask by itself. */
  async checkFence(transaction: Session, check: FenceCheck): Promise<void> {
    if (!(await this.leases.standsIn(transaction, check))) throw fenced(check.flow, check.epoch)
  }
}
