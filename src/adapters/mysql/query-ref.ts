import { is } from 'drizzle-orm'
import { MySqlDialect } from 'drizzle-orm/mysql-core'
import type { QueryOptions, ReadOptions, TableOptions, TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import type { TableExport } from '../../core/export.js'
import type { Increment, IncrementRequest } from '../../core/increment.js'
import type { DeclaredColumns } from '../sql/drizzle-columns.js'
import { type DrizzleSelect, queryText } from '../sql/drizzle-select.js'
import { diagnoseQuery, queryGrants, queryName } from '../sql/query.js'
import { singleSelect } from '../sql/single-select.js'
import { MysqlCanonicalTable } from './canonical/canonical-table.js'
import type { ReadableRows } from './catalog/catalog.js'
import { identifier } from './catalog/identifiers.js'
import { parameterLiteral } from './catalog/parameter-literal.js'
import { describeQuery } from './catalog/query.js'
import { mysqlIncrement } from './export/increment.js'
import { mysqlExport } from './export/table-export.js'
import type { MysqlHandle } from './handle.js'

/** A select of Drizzle's query builder of MySQL. */
export type MysqlSelect<Row> = DrizzleSelect<Row> & { readonly _: { readonly preparedQueryHKT: unknown } }

const ENGINE = {
  name: 'MySQL',
  isDialect: (value: unknown) => is(value, MySqlDialect),
  quote: identifier,
  literal: parameterLiteral,
}
const LEXICON = { backslash: true, dollar: false, hash: true }

/** A query that `check.tables` compares and `feed` publishes like a table. It is only read, in parentheses. */
export class MysqlQueryRef<Select = unknown> implements TableRef<unknown, Select> {
  declare readonly $select?: Select
  readonly database: MysqlHandle
  readonly name: string
  readonly options: TableOptions
  readonly query: string
  readonly #options: QueryOptions
  readonly #declared: DeclaredColumns

  /** Throws `ConfigError` when `query` is neither a single SELECT nor one that Drizzle builds. */
  constructor(database: MysqlHandle, query: unknown, options: QueryOptions) {
    this.database = database
    const { text, shown, declared } = queryText(query, { ...ENGINE, label: database.label })
    this.query = singleSelect(text, LEXICON, database)
    this.#declared = declared
    this.#options = options
    this.options = options
    this.name = queryName(shown.trim())
  }

  async openCanonical(signal: AbortSignal, reading: ReadOptions = {}): Promise<MysqlCanonicalTable> {
    return new MysqlCanonicalTable(this.database, await this.#describe(signal, reading))
  }

  async exports(signal: AbortSignal, reading: Pick<ReadOptions, 'where'> = {}): Promise<TableExport> {
    return mysqlExport(this.database, await this.#describe(signal, reading), this.#declared)
  }

  async increment(request: IncrementRequest, signal: AbortSignal): Promise<Increment> {
    const rows = { database: this.database, rows: await this.#describe(signal, {}), declared: this.#declared }
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
