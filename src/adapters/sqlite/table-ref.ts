import { is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { ColumnRef, ReadOptions, ReadsAsked, TableOptions, TableRef, TableUse } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError, LockstepError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import type { ColumnOptions } from '../../core/groups.js'
import type { Increment, IncrementRequest } from '../../core/increment.js'
import { declaredColumns } from '../sql/drizzle-columns.js'
import { SqliteCanonicalTable } from './canonical/canonical-table.js'
import { describeTable, drizzleTableName, type SqliteTableInfo, type TableRequest } from './catalog/catalog.js'
import { diagnoseSqliteReads } from './diagnose-reads.js'
import { sqliteIncrement } from './export/increment.js'
import { sqliteExport } from './export/table-export.js'
import type { SqliteHandle } from './handle.js'

/** A table of a SQLite file that has been named and not yet looked at. `Insert`, `Select`: its rows, as Drizzle has them. */
export class SqliteTableRef<Insert = unknown, Select = unknown> implements TableRef<Insert, Select> {
  declare readonly $insert?: Insert
  declare readonly $select?: Select
  readonly database: SqliteHandle
  readonly name: string
  readonly options: TableOptions
  readonly drizzle: SQLiteTable | undefined

  /** Throws `ConfigError` when `table` is neither a name nor a Drizzle table of SQLite. */
  constructor(database: SqliteHandle, table: unknown, options: TableOptions) {
    this.database = database
    this.options = options
    this.drizzle = is(table, SQLiteTable) ? table : undefined
    this.name = this.drizzle === undefined ? tableName(table) : drizzleTableName(this.drizzle)
  }

  /** A column of it, for `check.references`: by its property in the Drizzle table, or by its name in the database. */
  column(name: Extract<keyof Insert, string>, options: ColumnOptions = {}): ColumnRef {
    return { table: this, column: name, options }
  }

  async openCanonical(signal: AbortSignal, reading: ReadOptions = {}): Promise<SqliteCanonicalTable> {
    const request = { ...this.#request(true), ...reading }
    return new SqliteCanonicalTable(this.database, await describeTable(this.database.session, request, signal))
  }

  async exports(signal: AbortSignal, reading: Pick<ReadOptions, 'where'> = {}): Promise<TableExport> {
    const request = { ...this.#request(true), ...reading }
    const rows = await describeTable(this.database.session, request, signal)
    return sqliteExport(this.database, rows, declaredColumns(this.drizzle))
  }

  async increment(request: IncrementRequest, signal: AbortSignal): Promise<Increment> {
    const rows = {
      database: this.database,
      rows: await this.describe(signal, true),
      declared: declaredColumns(this.drizzle),
    }
    return sqliteIncrement(rows, request, signal)
  }

  /** Reads the catalog; a `ConfigError` when rows cannot be upserted into it. */
  describe(signal: AbortSignal, reading = false): Promise<SqliteTableInfo> {
    return describeTable(this.database.session, this.#request(reading), signal)
  }

  #request(reading: boolean): TableRequest {
    const { label } = this.database
    return { table: this.drizzle ?? this.name, name: this.name, label, options: this.options, reading }
  }

  async diagnose(use: TableUse, signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const subject = `${this.database.label} ${this.name}`
    if (use === 'mirror') {
      return [
        {
          level: 'error',
          subject,
          message: 'tables of SQLite can be compared and written by ingest, but not followed',
        },
      ]
    }
    try {
      const { key } = await this.describe(signal, use === 'read')
      return [{ level: 'ok', subject, message: `rows are identified by ${key.join(', ')}` }]
    } catch (error) {
      if (error instanceof ConfigError) return [{ level: 'error', subject, message: error.problem, fix: error.fix }]
      if (error instanceof LockstepError) return [{ level: 'error', subject, message: error.message }]
      throw error
    }
  }

  async diagnoseReads(asked: ReadsAsked, signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const info = await describeTable(this.database.session, { ...this.#request(true), where: asked.where }, signal)
    return diagnoseSqliteReads(this.database, { info, table: this.drizzle }, { asked, signal })
  }

  /** SQLite has no rights but those on the file and its folder. */
  async grants(): Promise<GrantList> {
    return { database: this.database.label, statements: [] }
  }
}

function tableName(table: unknown): string {
  if (typeof table === 'string' && table !== '' && !table.includes('\0')) return table
  throw new ConfigError({
    code: 'table-name',
    key: 'table',
    message: 'this is neither a name nor a Drizzle table of SQLite',
    fix: 'write the name of a table, or hand in what sqliteTable() returned',
  })
}
