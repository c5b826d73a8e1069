import type { QueryOptions, ReadOptions, TableOptions, TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import type { TableExport } from '../../core/export.js'
import type { Increment, IncrementRequest } from '../../core/increment.js'
import { diagnoseQuery, queryGrants, queryName } from '../sql/query.js'
import { singleSelect } from '../sql/single-select.js'
import { MysqlCanonicalTable } from './canonical/canonical-table.js'
import type { ReadableRows } from './catalog/catalog.js'
import { describeQuery } from './catalog/query.js'
import { mysqlIncrement } from './export/increment.js'
import { mysqlExport } from './export/table-export.js'
import type { MysqlHandle } from './handle.js'

const LEXICON = { backslash: true, dollar: false, hash: true }

/** A query that `check.tables` compares and `feed` publishes like a table. It is only read, in parentheses. */
export class MysqlQueryRef<Select = unknown> implements TableRef<unknown, Select> {
  declare readonly $select?: Select
  readonly database: MysqlHandle
  readonly name: string
  readonly options: TableOptions
  readonly query: string
  readonly #options: QueryOptions

  /** Throws `ConfigError` when `text` is not a single SELECT. */
  constructor(database: MysqlHandle, text: string, options: QueryOptions) {
    this.database = database
    this.query = singleSelect(text, LEXICON, database)
    this.#options = options
    this.options = options
    this.name = queryName(this.query)
  }

  async openCanonical(signal: AbortSignal, reading: ReadOptions = {}): Promise<MysqlCanonicalTable> {
    return new MysqlCanonicalTable(this.database, await this.#describe(signal, reading))
  }

  async exports(signal: AbortSignal, reading: Pick<ReadOptions, 'where'> = {}): Promise<TableExport> {
    return mysqlExport(this.database, await this.#describe(signal, reading), undefined)
  }

  async increment(request: IncrementRequest, signal: AbortSignal): Promise<Increment> {
    const rows = { database: this.database, rows: await this.#describe(signal, {}), table: undefined }
    return mysqlIncrement(rows, request, signal)
  }

  #describe(signal: AbortSignal, reading: ReadOptions): Promise<ReadableRows> {
    const subject = { name: this.name, database: this.database.label }
    const request = { text: this.query, subject, options: this.#options, reading }
    return describeQuery(this.database.session, request, signal)
  }

  diagnose(_use: unknown, signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseQuery(this, signal)
  }

  async grants(_use: unknown, role: string): Promise<GrantList> {
    return queryGrants(this, role)
  }
}
