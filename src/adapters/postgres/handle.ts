import type { PgTable } from 'drizzle-orm/pg-core'
import type { Database } from '../../core/database.js'
import type { PostgresTableInfo } from './catalog/catalog.js'
import type { OwnTransactions } from './own-transactions.js'
import type { Address } from './session/address.js'
import type { PostgresIdentity } from './session/identity.js'
import type { Limits } from './session/live-client.js'
import type { Connection, Session } from './session/session.js'
import type { PostgresStateStore } from './state/state-store.js'

/** What the parts of this adapter use of a database: `PostgresDatabase` is one. */
export interface PostgresHandle extends Database {
  /** Each statement takes a connection of the pool; a transaction holds one. */
  readonly session: Session
  /** The same on connections of their own, whose transactions the server ends soon when the process is frozen in one. */
  readonly writing: Session
  readonly state: PostgresStateStore
  /** Schema of the state tables. */
  readonly stateSchema: string
  /** How connections are protected. */
  readonly tls: Address['tls']
  /** The server is on this machine. */
  readonly local: boolean
  identify(signal: AbortSignal): Promise<PostgresIdentity>
  /** What this process wrote here; the ledgers of its tables listen. */
  readonly own: OwnTransactions
  /**
   * One connection outside the pool, named `lockstep <purpose>` on the server. It opens on first use and again after a
   * loss; the database's dispose closes it too.
   */
  connect(purpose: string, limits?: Partial<Limits>): Connection
}

/** What doctor and grants use of a table that has been named: `PostgresTableRef` is one. */
export interface NamedTable {
  readonly database: PostgresHandle
  readonly name: string
  /** Throws `ConfigError` as `TableRef.open` does. */
  open(signal: AbortSignal): Promise<{ readonly info: PostgresTableInfo; readonly label: string }>
  /** As an upsert uses it: what Drizzle does not declare is not among its columns. */
  describe(signal: AbortSignal): Promise<PostgresTableInfo>
}

/** What `upserts` uses of a table that has been named: `PostgresTableRef` is one. */
export interface UpsertableTable {
  /** `undefined` for a table given by name. */
  readonly drizzle: PgTable | undefined
  /** The properties, or columns of a table given by name, that are not written. */
  readonly ignored: ReadonlySet<string>
  /** As the catalog has it now. A column that Drizzle does not declare is not among its columns. */
  describe(signal: AbortSignal): Promise<PostgresTableInfo>
}
