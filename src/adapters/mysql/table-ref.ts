import type { MySqlTable } from 'drizzle-orm/mysql-core'
import type { ColumnRef, ReadOptions, ReadsAsked, TableOptions, TableRef, TableUse } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import type { ColumnOptions } from '../../core/groups.js'
import type { Increment, IncrementRequest } from '../../core/increment.js'
import { declaredColumns } from '../sql/drizzle-columns.js'
import { MysqlCanonicalTable } from './canonical/canonical-table.js'
import { describeTable, type MysqlTableInfo, type TableRequest } from './catalog/catalog.js'
import { drizzleTableName, isDrizzleTable } from './catalog/drizzle-table.js'
import { parseTableName, type TableName } from './catalog/identifiers.js'
import { diagnoseTable } from './diagnose/diagnose.js'
import { tableGrants } from './diagnose/grants.js'
import { diagnoseMysqlReads } from './diagnose/reads.js'
import { mysqlIncrement } from './export/increment.js'
import { mysqlExport } from './export/table-export.js'
import type { MysqlHandle } from './handle.js'

/** A table of a MySQL database that has been named and not yet looked at. `Insert`, `Select`: its rows, as Drizzle has them. */
export class MysqlTableRef<Insert = unknown, Select = unknown> implements TableRef<Insert, Select> {
  declare readonly $insert?: Insert
  declare readonly $select?: Select
  readonly database: MysqlHandle
  readonly name: string
  readonly options: TableOptions
  /** As it was given. */
  readonly table: string | MySqlTable
  readonly #parsed: TableName

  /** Throws `ConfigError` when `table` is neither a name nor a Drizzle table of MySQL. */
  constructor(database: MysqlHandle, table: unknown, options: TableOptions) {
    this.database = database
    this.options = options
    const { given, parsed } = readTable(table)
    this.table = given
    this.#parsed = parsed
    const full = parsed.schema === undefined ? parsed.table : `${parsed.schema}.${parsed.table}`
    this.name = typeof given === 'string' ? given : full
  }

  /** A column of it, for `check.references`: by its property in the Drizzle table, or by its name in the database. */
  column(name: Extract<keyof Insert, string>, options: ColumnOptions = {}): ColumnRef {
    return { table: this, column: name, options }
  }

  get drizzle(): MySqlTable | undefined {
    return typeof this.table === 'string' ? undefined : this.table
  }

  async openCanonical(signal: AbortSignal, reading: ReadOptions = {}): Promise<MysqlCanonicalTable> {
    const request = { ...this.#request(true), ...reading }
    return new MysqlCanonicalTable(this.database, await describeTable(this.database.session, request, signal))
  }

  async exports(signal: AbortSignal, reading: Pick<ReadOptions, 'where'> = {}): Promise<TableExport> {
    const request = { ...this.#request(true), ...reading }
    const rows = await describeTable(this.database.session, request, signal)
    return mysqlExport(this.database, rows, declaredColumns(this.drizzle))
  }

  async increment(request: IncrementRequest, signal: AbortSignal): Promise<Increment> {
    const rows = {
      database: this.database,
      rows: await this.describe(signal, true),
      declared: declaredColumns(this.drizzle),
    }
    return mysqlIncrement(rows, request, signal)
  }

  /** Reads the catalog; a `ConfigError` when rows cannot be upserted into it, or, for `reading`, not be identified. */
  describe(signal: AbortSignal, reading = false): Promise<MysqlTableInfo> {
    return describeTable(this.database.session, this.#request(reading), signal)
  }

  #request(reading: boolean): TableRequest {
    const { label, name: database } = this.database
    const subject = { name: this.name, database: label }
    return { table: this.table, parsed: this.#parsed, subject, database, options: this.options, reading }
  }

  diagnose(use: TableUse, signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseTable(this, use, signal)
  }

  async diagnoseReads(asked: ReadsAsked, signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const { session, label, name } = this.database
    const info = await describeTable(session, { ...this.#request(true), where: asked.where }, signal)
    const place = { schema: this.#parsed.schema ?? name, name: this.#parsed.table }
    return diagnoseMysqlReads(
      { session, subject: `${label} ${info.name}`, info, place, table: this.drizzle },
      asked,
      signal,
    )
  }

  grants(use: TableUse, role: string, signal: AbortSignal): Promise<GrantList> {
    return tableGrants(this, { use, role }, signal)
  }
}

function readTable(table: unknown): { given: string | MySqlTable; parsed: TableName } {
  if (isDrizzleTable(table)) return { given: table, parsed: drizzleTableName(table) }
  const parsed = typeof table === 'string' ? parseTableName(table) : undefined
  if (typeof table === 'string' && parsed !== undefined) return { given: table, parsed }
  throw new ConfigError({
    code: 'table-name',
    key: 'table',
    message:
      typeof table === 'string'
        ? `${JSON.stringify(table)} is not the name of a table`
        : 'this is neither a name nor a Drizzle table of MySQL',
    fix: 'write quotes, app.quotes or, with odd characters, `app`.`quotes`, or hand in what mysqlTable() returned',
  })
}
