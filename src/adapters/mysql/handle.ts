import type { Database } from '../../core/database.js'
import type { MysqlTableInfo } from './catalog/catalog.js'
import type { Address } from './session/address.js'
import type { ServerFacts } from './session/dialect.js'
import type { Driver } from './session/driver.js'
import type { PassOptions, ReadPass } from './session/read-pass.js'
import type { Session } from './session/session.js'
import type { MysqlStateStore } from './state/state-store.js'

/** What the parts of this adapter use of a database: `MysqlDatabase` is one. */
export interface MysqlHandle extends Database {
  /** Of the database in the URL. */
  readonly name: string
  /** Each statement takes a connection of the pool; a transaction holds one. */
  readonly session: Session
  /** The same on connections of their own, whose transactions the server ends soon when the process is frozen in one. */
  readonly writing: Session
  readonly state: MysqlStateStore
  /** How connections are protected. */
  readonly tls: Address['tls']
  /** The server is on this machine. */
  readonly local: boolean
  /** `identify`, and what else the server says of itself. */
  ask(signal: AbortSignal): Promise<ServerFacts>
  /** The same, asked once. */
  facts(): Promise<ServerFacts>
  driver(): Promise<Driver>
  /** A pass over a table, on a connection of its own from the pool. Dispose of it. */
  pass(options: PassOptions): Promise<ReadPass>
}

/** What doctor and grants use of a table that has been named: `MysqlTableRef` is one. */
export interface NamedTable {
  readonly database: MysqlHandle
  readonly name: string
  /** Reads the catalog; a `ConfigError` when rows cannot be upserted into it, or, for `reading`, not be identified. */
  describe(signal: AbortSignal, reading?: boolean): Promise<MysqlTableInfo>
}
