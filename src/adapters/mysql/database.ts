import type { SQL } from 'drizzle-orm'
import type { MySqlTable } from 'drizzle-orm/mysql-core'
import { addedUp, type ConnectionFigures } from '../../core/connection-figures.js'
import type {
  ColumnName,
  DatabaseIdentity,
  GroupsRequest,
  QueryOptions,
  TableOptions,
  TableRef,
} from '../../core/database.js'
import type { Diagnosis } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { GroupReader } from '../../core/groups.js'
import { Secret } from '../../core/secret.js'
import type { UpsertOptions, UpsertSink, Values } from '../../core/upsert.js'
import { ClientPool } from '../sql/client-pool.js'
import { ClosedError } from '../sql/closed-error.js'
import { diagnoseStateDatabase } from './diagnose/diagnose.js'
import { openGroups } from './groups/groups.js'
import type { MysqlHandle } from './handle.js'
import { MysqlQueryRef, type MysqlSelect } from './query-ref.js'
import { type Address, parseAddress } from './session/address.js'
import { PooledSession } from './session/connection.js'
import { askServer, greet, type ServerFacts } from './session/dialect.js'
import { type Driver, loadDriver } from './session/driver.js'
import { type Limits, LiveClient } from './session/live-client.js'
import { type MysqlOptions, parseOptions, type Settings } from './session/options.js'
import { type PassOptions, ReadPass } from './session/read-pass.js'
import type { Session } from './session/session.js'
import { MysqlStateStore } from './state/state-store.js'
import { MysqlTableRef } from './table-ref.js'
import { openUpserts } from './upsert/upserts.js'

/** Connections for health and state, so that they answer while the others are all busy. */
const SPARE_CONNECTIONS = 2
/** Rows that a frozen process has locked are free again after so long, so that another can take over within 15 s. */
const IDLE_WRITE_MS = 10_000

/**
 * A database of MySQL (8.0.19 or later) or MariaDB (10.6 or later). Takes the package `mysql2`. Opens nothing until it is
 * used.
 *
 * @param url `mysql://user:password@host:3306/database`, usually `env('MYSQL_URL')`. That database also holds the tables
 *   that lockstep keeps for itself, `lockstep_checkpoints` and others.
 * @throws ConfigError when the URL or an option is wrong.
 */
export function mysql(url: string | Secret, options: MysqlOptions = {}): MysqlDatabase {
  const settings = parseOptions(options)
  const secret = typeof url === 'string' ? new Secret(url) : url
  return new MysqlDatabase(parseAddress(secret, settings.tls), settings)
}

export class MysqlDatabase implements MysqlHandle {
  readonly engine = 'mysql'
  readonly label: string
  /** Name of the database in the URL. */
  readonly name: string
  /** How connections are protected; `doctor` warns about `unverified`, and about `off` to other machines. */
  readonly tls: Address['tls']
  /** The server is on this machine. */
  readonly local: boolean
  readonly session: Session
  readonly writing: Session
  readonly state: MysqlStateStore
  readonly #address: Address
  readonly #settings: Settings
  readonly #main: ClientPool<LiveClient>
  readonly #spare: ClientPool<LiveClient>
  readonly #pools: readonly ClientPool<LiveClient>[]
  #driver: Promise<Driver> | undefined
  #facts: Promise<ServerFacts> | undefined
  #closed = false

  constructor(address: Address, settings: Settings) {
    this.#address = address
    this.#settings = settings
    this.label = address.label
    this.name = address.database
    this.tls = address.tls
    this.local = address.local
    this.#main = this.#pool(settings.maxConnections)
    this.#spare = this.#pool(SPARE_CONNECTIONS)
    const { limits, maxConnections } = settings
    const idleTransactionMs = Math.min(limits.idleTransactionMs, IDLE_WRITE_MS)
    const writers = this.#pool(maxConnections, { ...limits, idleTransactionMs })
    const leasing = this.#pool(1)
    this.#pools = [this.#main, writers, this.#spare, leasing]
    this.session = new PooledSession(this.#main)
    this.writing = new PooledSession(writers)
    const sessions = { session: new PooledSession(this.#spare), leasing: new PooledSession(leasing) }
    this.state = new MysqlStateStore(sessions, address, () => this.facts())
  }

  /**
   * A table by its Drizzle object, whose type then says what a `map` must give and what may be a key, or by name:
   * `quotes`, `other.quotes` or, with odd characters, `` `my db`.`my table` ``.
   */
  table<Table extends MySqlTable>(
    table: Table,
    options?: TableOptions<Extract<keyof Table['$inferInsert'], string>>,
  ): MysqlTableRef<Table['$inferInsert'], Table['$inferSelect']>
  table(table: string, options?: TableOptions): MysqlTableRef<Values, Values>
  table(table: unknown, options: TableOptions = {}): MysqlTableRef {
    return new MysqlTableRef(this, table, options)
  }

  /**
   * A query that `check.tables` compares and `feed` publishes like a table: one SELECT, which is only read, as a text, a
   * `sql` template, or a select of Drizzle's query builder, whose rows are typed. `Row` is what a `map` gets of it. `key`
   * names the columns that identify a row of it, most often those it is grouped by.
   */
  query<Row = Values>(
    query: string | SQL | MysqlSelect<Row>,
    options: QueryOptions<ColumnName<NoInfer<Row>>> = {},
  ): MysqlQueryRef<Row> {
    return new MysqlQueryRef(this, query, options)
  }

  async identify(signal: AbortSignal): Promise<DatabaseIdentity> {
    return (await this.ask(signal)).identity
  }

  diagnoseState(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseStateDatabase(this, signal)
  }

  connections(): ConnectionFigures {
    return addedUp(this.#pools.map(({ figures }) => figures))
  }

  async ask(signal: AbortSignal): Promise<ServerFacts> {
    const client = await this.#spare.lease(signal)
    try {
      return await askServer(client, this.name, { signal, deadlineMs: this.#settings.limits.connectMs })
    } finally {
      this.#spare.release(client)
    }
  }

  upserts(tables: readonly TableRef[], options: UpsertOptions, signal: AbortSignal): Promise<UpsertSink> {
    return openUpserts(
      this,
      tables.map((table) => this.#ownTable(table)),
      { options, signal },
    )
  }

  async groups(requests: readonly GroupsRequest[], signal: AbortSignal): Promise<GroupReader> {
    const asked = requests.map((request) => ({ request, table: this.#ownTable(request.table) }))
    return openGroups(this, asked, signal)
  }

  #ownTable(table: TableRef): MysqlTableRef {
    if (table instanceof MysqlTableRef && table.database === this) return table
    throw new ConfigError({
      code: 'table-elsewhere',
      key: table.name,
      message: `this table is of ${table.database.label}, not of ${this.label}`,
      fix: 'name all tables of a flow with table() of one and the same database',
    })
  }

  /** What the server said first; asked again after a failure. */
  facts(): Promise<ServerFacts> {
    this.#facts ??= this.ask(new AbortController().signal).catch((error: unknown) => {
      this.#facts = undefined
      throw error
    })
    return this.#facts
  }

  driver(): Promise<Driver> {
    this.#driver ??= loadDriver()
    return this.#driver
  }

  pass(options: PassOptions): Promise<ReadPass> {
    return ReadPass.open(this.#main, async () => (await this.facts()).dialect, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await Promise.all(this.#pools.map((pool) => pool[Symbol.asyncDispose]()))
  }

  #pool(max: number, limits: Limits = this.#settings.limits): ClientPool<LiveClient> {
    const { connectMs, statementMs } = limits
    return new ClientPool({
      label: this.label,
      max,
      waitMs: connectMs + statementMs,
      open: (signal) => this.#client(limits, signal),
    })
  }

  async #client(limits: Limits, signal: AbortSignal): Promise<LiveClient> {
    // A flow that winds up may ask for one more connection after the database was disposed.
    if (this.#closed) throw new ClosedError(this.label)
    const client = await LiveClient.open(await this.driver(), this.#address, { limits, signal })
    try {
      const options = { signal, deadlineMs: limits.connectMs }
      const { dialect } = await askServer(client, this.name, options)
      await greet(client, { dialect, limits }, options)
      return client
    } catch (error) {
      client.destroy()
      throw error
    }
  }
}
