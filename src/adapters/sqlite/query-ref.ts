import { is } from 'drizzle-orm'
import { SQLiteDialect } from 'drizzle-orm/sqlite-core'
import type { QueryOptions, ReadOptions, TableOptions, TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import type { TableExport } from '../../core/export.js'
import type { Increment, IncrementRequest } from '../../core/increment.js'
import type { DeclaredColumns } from '../sql/drizzle-columns.js'
import { type DrizzleSelect, queryText } from '../sql/drizzle-select.js'
import { diagnoseQuery, queryName } from '../sql/query.js'
import { singleSelect } from '../sql/single-select.js'
import { SqliteCanonicalTable } from './canonical/canonical-table.js'
import type { ReadableRows } from './catalog/catalog.js'
import { quoteIdentifier } from './catalog/identifiers.js'
import { parameterLiteral } from './catalog/parameter-literal.js'
import { describeQuery } from './catalog/query.js'
import { sqliteIncrement } from './export/increment.js'
import { sqliteExport } from './export/table-export.js'
import type { SqliteHandle } from './handle.js'

/** A select of Drizzle's query builder of SQLite. */
export type SqliteSelect<Row> = DrizzleSelect<Row> & { readonly _: { readonly dialect: 'sqlite' } }

const ENGINE = {
  name: 'SQLite',
  isDialect: (value: unknown) => is(value, SQLiteDialect),
  quote: quoteIdentifier,
  literal: parameterLiteral,
}
const LEXICON = { backslash: false, dollar: false, hash: false }

/** A query that `check.tables` compares and `feed` publishes like a table. It is only read, in parentheses. */
export class SqliteQueryRef<Select = unknown> implements TableRef<unknown, Select> {
  declare readonly $select?: Select
  readonly database: SqliteHandle
  readonly name: string
  readonly options: TableOptions
  readonly query: string
  readonly #options: QueryOptions
  readonly #declared: DeclaredColumns

  /** Throws `ConfigError` when `query` is neither a single SELECT nor one that Drizzle builds. */
  constructor(database: SqliteHandle, query: unknown, options: QueryOptions) {
    this.database = database
    const { text, shown, declared } = queryText(query, { ...ENGINE, label: database.label })
    this.query = singleSelect(text, LEXICON, database)
    this.#declared = declared
    this.#options = options
    this.options = options
    this.name = queryName(shown.trim())
  }

  async openCanonical(signal: AbortSignal, reading: ReadOptions = {}): Promise<SqliteCanonicalTable> {
    return new SqliteCanonicalTable(this.database, await this.#describe(signal, reading))
  }

  async exports(signal: AbortSignal, reading: Pick<ReadOptions, 'where'> = {}): Promise<TableExport> {
    return sqliteExport(this.database, await this.#describe(signal, reading), this.#declared)
  }

  async increment(request: IncrementRequest, signal: AbortSignal): Promise<Increment> {
    const rows = { database: this.database, rows: await this.#describe(signal, {}), declared: this.#declared }
    return sqliteIncrement(rows, request, signal)
  }

  #describe(signal: AbortSignal, reading: ReadOptions): Promise<ReadableRows> {
    const { name, database } = this
    const request = { text: this.query, name, label: database.label, options: this.#options, reading }
    return describeQuery(database.session, request, signal)
  }

  diagnose(_use: unknown, signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseQuery(this, signal)
  }

  /** SQLite has no rights but those on the file and its folder. */
  async grants(): Promise<GrantList> {
    return { database: this.database.label, statements: [] }
  }
}
