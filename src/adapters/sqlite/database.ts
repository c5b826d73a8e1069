import { randomUUID } from 'node:crypto'
import { access, constants, stat } from 'node:fs/promises'
import type { SQL } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { z } from 'zod'
import type {
  ColumnName,
  DatabaseIdentity,
  GroupsRequest,
  QueryOptions,
  TableOptions,
  TableRef,
} from '../../core/database.js'
import { ConfigError } from '../../core/errors.js'
import type { GroupReader } from '../../core/groups.js'
import type { UpsertOptions, UpsertSink, Values } from '../../core/upsert.js'
import { openGroups } from './groups/groups.js'
import type { SqliteHandle } from './handle.js'
import { SqliteQueryRef, type SqliteSelect } from './query-ref.js'
import { type Place, parseOptions, parsePlace, type SqliteOptions } from './session/options.js'
import { type CallOptions, type Snapshot, SqliteSession } from './session/session.js'
import { SqliteStateStore } from './state/state-store.js'
import { SqliteTableRef } from './table-ref.js'
import { openUpserts } from './upsert/upserts.js'

/**
 * A SQLite file (made when it is missing, put into WAL mode), for `ingest` and `check`. Takes the package `@libsql/client`. Opens
 * nothing until it is used. One connection writes; other processes may read, and write in turn. The file also holds the
 * tables that lockstep keeps for itself, `lockstep_checkpoints` and others.
 *
 * @param file `file:quotes.db`, a path, or `:memory:`; relative paths start at the current folder.
 * @throws ConfigError when the name or an option is wrong.
 */
export function sqlite(file: string, options: SqliteOptions = {}): SqliteDatabase {
  const { busyMs } = parseOptions(options)
  return new SqliteDatabase(parsePlace(file), busyMs)
}

const Version = z.tuple([z.object({ version: z.string() })])

export class SqliteDatabase implements SqliteHandle {
  readonly engine = 'sqlite'
  readonly label: string
  readonly session: SqliteSession
  readonly state: SqliteStateStore
  readonly #place: Place
  readonly #busyMs: number
  readonly #path: string | undefined
  /** Of a database in memory. */
  readonly #id = randomUUID()

  constructor(place: Place, busyMs: number) {
    this.label = place.label
    this.#path = place.path
    this.#place = place
    this.#busyMs = busyMs
    this.session = new SqliteSession(place, busyMs)
    this.state = new SqliteStateStore(this.session, place.label)
  }

  /**
   * A table by its Drizzle object, whose type then says what a `map` must give and what may be a key, or by name. The
   * key needs a unique index over all rows; a partial one is none.
   */
  table<Table extends SQLiteTable>(
    table: Table,
    options?: TableOptions<Extract<keyof Table['$inferInsert'], string>>,
  ): SqliteTableRef<Table['$inferInsert'], Table['$inferSelect']>
  table(table: string, options?: TableOptions): SqliteTableRef<Values, Values>
  table(table: unknown, options: TableOptions = {}): SqliteTableRef {
    return new SqliteTableRef(this, table, options)
  }

  /**
   * A query that `check.tables` compares and `feed` publishes like a table: one SELECT, which is only read, as a text, a
   * `sql` template, or a select of Drizzle's query builder, whose rows are typed. `Row` is what a `map` gets of it. `key`
   * names the columns that identify a row of it, most often those it is grouped by.
   */
  query<Row = Values>(
    query: string | SQL | SqliteSelect<Row>,
    options: QueryOptions<ColumnName<NoInfer<Row>>> = {},
  ): SqliteQueryRef<Row> {
    return new SqliteQueryRef(this, query, options)
  }

  /** The file counts, not its name: a restored copy is another database. */
  async identify(signal: AbortSignal): Promise<DatabaseIdentity> {
    const options = { what: 'asking for the version', signal }
    const { rows } = await this.session.execute('select sqlite_version() as version', [], options)
    const [{ version }] = Version.parse(rows)
    return { id: await this.#fileId(), version: `SQLite ${version}`, readOnly: !(await this.#writable()) }
  }

  async snapshot(options: CallOptions): Promise<Snapshot> {
    if (this.#path !== undefined) return new SqliteSession(this.#place, this.#busyMs).snapshot(options)
    const { session } = this
    return { execute: (sql, args, inner) => session.execute(sql, args, inner), [Symbol.asyncDispose]: async () => {} }
  }

  async upserts(tables: readonly TableRef[], options: UpsertOptions, signal: AbortSignal): Promise<UpsertSink> {
    return openUpserts(
      this,
      tables.map((table) => this.#ownTable(table)),
      { options, signal },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]()
  }

  async groups(requests: readonly GroupsRequest[], signal: AbortSignal): Promise<GroupReader> {
    const asked = requests.map((request) => ({ request, table: this.#ownTable(request.table) }))
    return openGroups(this, asked, signal)
  }

  #ownTable(table: TableRef): SqliteTableRef {
    if (table instanceof SqliteTableRef && table.database === this) return table
    throw new ConfigError({
      code: 'table-elsewhere',
      key: table.name,
      message: `this table is of ${table.database.label}, not of ${this.label}`,
      fix: 'name all tables of a flow with table() of one and the same database',
    })
  }

  async #fileId(): Promise<string> {
    if (this.#path === undefined) return this.#id
    const { dev, ino, birthtimeMs } = await stat(this.#path)
    return `${dev}:${ino}:${Math.trunc(birthtimeMs)}`
  }

  async #writable(): Promise<boolean> {
    if (this.#path === undefined) return true
    return access(this.#path, constants.W_OK).then(
      () => true,
      () => false,
    )
  }
}
