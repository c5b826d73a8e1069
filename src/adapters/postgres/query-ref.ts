import type { QueryOptions, ReadOptions, TableOptions, TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import type { TableExport } from '../../core/export.js'
import type { Increment, IncrementRequest } from '../../core/increment.js'
import { diagnoseQuery, queryGrants, queryName } from '../sql/query.js'
import { singleSelect } from '../sql/single-select.js'
import { PostgresCanonicalTable } from './canonical/canonical-table.js'
import type { PostgresTableInfo } from './catalog/catalog.js'
import { describeQuery } from './catalog/query.js'
import { postgresIncrement } from './export/increment.js'
import { PostgresExport } from './export/table-export.js'
import type { PostgresHandle } from './handle.js'

const LEXICON = { backslash: false, dollar: true, hash: false }

/** A query that `check.tables` compares and `feed` publishes like a table. It is only read, in parentheses. */
export class PostgresQueryRef<Select = unknown> implements TableRef<unknown, Select> {
  declare readonly $select?: Select
  readonly database: PostgresHandle
  readonly name: string
  readonly options: TableOptions
  readonly query: string
  readonly #options: QueryOptions

  /** Throws `ConfigError` when `text` is not a single SELECT. */
  constructor(database: PostgresHandle, text: string, options: QueryOptions) {
    this.database = database
    this.query = singleSelect(text, LEXICON, database)
    this.#options = options
    this.options = options
    this.name = queryName(this.query)
  }

  async openCanonical(signal: AbortSignal, reading: ReadOptions = {}): Promise<PostgresCanonicalTable> {
    return new PostgresCanonicalTable(this.database, await this.#describe(signal, reading))
  }

  async exports(signal: AbortSignal, reading: Pick<ReadOptions, 'where'> = {}): Promise<TableExport> {
    const { session, label } = this.database
    return new PostgresExport({ session, label, info: await this.#describe(signal, reading), table: undefined })
  }

  async increment(request: IncrementRequest, signal: AbortSignal): Promise<Increment> {
    const rows = { database: this.database, info: await this.#describe(signal, {}), table: undefined }
    return postgresIncrement(rows, request, signal)
  }

  #describe(signal: AbortSignal, reading: ReadOptions): Promise<PostgresTableInfo> {
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
