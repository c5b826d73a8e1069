import type { Database } from '../../core/database.js'
import type { CallOptions, Snapshot, SqliteSession } from './session/session.js'
import type { SqliteStateStore } from './state/state-store.js'

/** What the parts of this adapter use of a database: `SqliteDatabase` is one. */
export interface SqliteHandle extends Database {
  readonly session: SqliteSession
  readonly state: SqliteStateStore
  /** On a connection of its own; of a database in memory, which has only one, each statement sees the present. */
  snapshot(options: CallOptions): Promise<Snapshot>
}
