import type { SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
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
import type { HeldSnapshot } from '../../core/key-range.js'
import { Secret } from '../../core/secret.js'
import type { UpsertOptions, UpsertSink, Values } from '../../core/upsert.js'
import { ClientPool } from '../sql/client-pool.js'
import { ClosedError } from '../sql/closed-error.js'
import { diagnoseStateDatabase } from './diagnose/diagnose.js'
import { openGroups } from './groups/groups.js'
import type { PostgresHandle } from './handle.js'
import { OwnTransactions } from './own-transactions.js'
import { PostgresQueryRef, type PostgresSelect } from './query-ref.js'
import { type Address, parseAddress } from './session/address.js'
import { PooledSession } from './session/connection.js'
import { greet, IdentityGuard, identify, type PostgresIdentity } from './session/identity.js'
import { type Limits, LiveClient } from './session/live-client.js'
import { type PostgresOptions, parseOptions, type Settings } from './session/options.js'
import type { Connection, Session } from './session/session.js'
import { holdSnapshot } from './snapshot-lane.js'
import { PostgresStateStore } from './state/state-store.js'
import { PostgresTableRef } from './table-ref.js'
import { openUpserts } from './upsert/upserts.js'

/** Connections for health and state, so that they answer while the others are all busy. */
const SPARE_CONNECTIONS = 2

/**
 * A PostgreSQL database (14 or later). Opens nothing until it is used.
 *
 * @param url `postgres://user:password@host:5432/database`, usually `env('A_URL')`.
 * @throws ConfigError when the URL or an option is wrong.
 */
export function postgres(url: string | Secret, options: PostgresOptions = {}): PostgresDatabase {
  const settings = parseOptions(options)
  const secret = typeof url === 'string' ? new Secret(url) : url
  return new PostgresDatabase(parseAddress(secret, settings.tls), settings)
}

/** Rows that a frozen process has locked are free again after so long, so that another can take over within 15 s. */
const IDLE_WRITE_MS = 10_000

interface ClientKind {
  /** Refuses a standby. */
  readonly writer: boolean
  readonly purpose?: string
  /** Where they differ from the database's. */
  readonly limits?: Partial<Limits>
}

export class PostgresDatabase implements PostgresHandle {
  readonly engine = 'postgres'
  readonly label: string
  readonly stateSchema: string
  /** How connections are protected; `doctor` warns about `unverified`, and about `off` to other machines. */
  readonly tls: Address['tls']
  /** The server is on this machine. */
  readonly local: boolean
  readonly session: Session
  readonly writing: Session
  readonly state: PostgresStateStore
  readonly own = new OwnTransactions()
  readonly #address: Address
  readonly #settings: Settings
  readonly #guard: IdentityGuard
  readonly #spare: ClientPool<LiveClient>
  readonly #open = new Set<ClientPool<LiveClient>>()
  #closed = false

  constructor(address: Address, settings: Settings) {
    this.#address = address
    this.#settings = settings
    this.label = address.label
    this.stateSchema = settings.stateSchema
    this.tls = address.tls
    this.local = address.local
    this.#guard = new IdentityGuard(address.label)
    const { maxConnections: max, limits } = settings
    this.session = new PooledSession(this.#pool({ max, writer: true }))
    const idleTransactionMs = Math.min(limits.idleTransactionMs, IDLE_WRITE_MS)
    this.writing = new PooledSession(this.#pool({ max, writer: true, purpose: 'write', limits: { idleTransactionMs } }))
    this.#spare = this.#pool({ max: SPARE_CONNECTIONS, writer: false, purpose: 'state' })
    const where = { label: this.label, schema: this.stateSchema }
    const leasing = new PooledSession(this.#pool({ max: 1, writer: true, purpose: 'lease' }))
    this.state = new PostgresStateStore({ session: new PooledSession(this.#spare), leasing }, where, this.own)
  }

  /** A Drizzle table: its rows and the names of its columns are typed. */
  table<T extends PgTable>(
    table: T,
    options?: TableOptions<keyof T['_']['columns'] & string>,
  ): PostgresTableRef<T['$inferInsert'], T['$inferSelect']>
  /** `records`, `public.records` or, with odd characters, `"schema"."table"`. */
  table(table: string, options?: TableOptions): PostgresTableRef<Values, Values>
  table(table: unknown, options: TableOptions = {}): PostgresTableRef {
    return new PostgresTableRef(this, table, options)
  }

  /**
   * A query that `check.tables` compares and `feed` publishes like a table: one SELECT, which is only read, as a text, a
   * `sql` template, or a select of Drizzle's query builder, whose rows are typed. `Row` is what a `map` gets of it. `key`
   * names the columns that identify a row of it, most often those it is grouped by.
   */
  query<Row = Values>(
    query: string | SQL | PostgresSelect<Row>,
    options: QueryOptions<ColumnName<NoInfer<Row>>> = {},
  ): PostgresQueryRef<Row> {
    return new PostgresQueryRef(this, query, options)
  }

  async upserts(tables: readonly TableRef[], options: UpsertOptions, signal: AbortSignal): Promise<UpsertSink> {
    const own = tables.map((table) => this.#ownTable(table))
    return openUpserts(this, own, { options, signal })
  }

  async groups(requests: readonly GroupsRequest[], signal: AbortSignal): Promise<GroupReader> {
    const asked = requests.map((request) => ({ request, table: this.#ownTable(request.table) }))
    return openGroups(this, asked, signal)
  }

  #ownTable(table: TableRef): PostgresTableRef {
    if (table instanceof PostgresTableRef && table.database === this) return table
    throw new ConfigError({
      code: 'table-elsewhere',
      key: table.name,
      message: `this table is of ${table.database.label}, not of ${this.label}`,
      fix: 'name all tables of a flow with table() of one and the same database',
    })
  }

  /** `readOnly` for a standby; `exact` is false when the role may not ask for the system identifier. */
  async identify(signal: AbortSignal): Promise<PostgresIdentity & DatabaseIdentity> {
    const client = await this.#spare.lease(signal)
    try {
      return await identify(client, { signal, deadlineMs: this.#settings.limits.connectMs })
    } finally {
      this.#spare.release(client)
    }
  }

  holdSnapshot(signal: AbortSignal): Promise<HeldSnapshot> {
    return holdSnapshot(this, signal)
  }

  connections(): ConnectionFigures {
    return addedUp([...this.#open].map(({ figures }) => figures))
  }

  diagnoseState(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseStateDatabase(this, signal)
  }

  connect(purpose: string, limits: Partial<Limits> = {}): Connection {
    return new PooledSession(this.#pool({ max: 1, writer: true, purpose, limits }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#open].map((pool) => pool[Symbol.asyncDispose]()))
    this.#open.clear()
  }

  #pool({ max, ...kind }: { readonly max: number } & ClientKind): ClientPool<LiveClient> {
    const { connectMs, statementMs } = this.#settings.limits
    const pool = new ClientPool({
      label: this.label,
      max,
      waitMs: connectMs + statementMs,
      open: (signal) => this.#client(kind, signal),
      closed: () => this.#open.delete(pool),
    })
    this.#open.add(pool)
    return pool
  }

  async #client({ writer, purpose, limits: changed }: ClientKind, signal: AbortSignal): Promise<LiveClient> {
    const limits = { ...this.#settings.limits, ...changed }
    const options = { signal, ...(purpose === undefined ? {} : { purpose }) }
    // A flow that winds up may ask for one more connection after the database was disposed.
    if (this.#closed) throw new ClosedError(this.label)
    const client = await LiveClient.open(this.#address, limits, options)
    try {
      const identity = await greet(client, limits, { signal, deadlineMs: limits.connectMs })
      this.#guard.admit(identity, writer)
      return client
    } catch (error) {
      client.destroy()
      throw error
    }
  }
}
