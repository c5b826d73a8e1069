import type { Database } from '../../core/database.js'
import type { SqliteSession } from './session/session.js'
import type { SqliteStateStore } from './state/state-store.js'

/** What the parts of this adapter use of a database: `SqliteDatabase` is one. */
export interface SqliteHandle extends Database {
  readonly session: SqliteSession
  readonly state: SqliteStateStore
}
