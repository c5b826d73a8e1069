import { is } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { QueryOptions, ReadOptions, TableOptions, TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import type { TableExport } from '../../core/export.js'
import type { Increment, IncrementRequest } from '../../core/increment.js'
import type { DeclaredColumns } from '../sql/drizzle-columns.js'
import { type DrizzleSelect, queryText } from '../sql/drizzle-select.js'
import { diagnoseQuery, queryGrants, queryName } from '../sql/query.js'
import { singleSelect } from '../sql/single-select.js'
import { PostgresCanonicalTable } from './canonical/canonical-table.js'
import type { PostgresTableInfo } from './catalog/catalog.js'
import { quoteIdentifier } from './catalog/identifiers.js'
import { parameterLiteral } from './catalog/parameter-literal.js'
import { describeQuery } from './catalog/query.js'
import { postgresIncrement } from './export/increment.js'
import { PostgresExport } from './export/table-export.js'
import type { PostgresHandle } from './handle.js'

/** A select of Drizzle's query builder of PostgreSQL. */
export type PostgresSelect<Row> = DrizzleSelect<Row> & { readonly _: { readonly dialect: 'pg' } }

const ENGINE = {
  name: 'PostgreSQL',
  isDialect: (value: unknown) => is(value, PgDialect),
  quote: quoteIdentifier,
  literal: parameterLiteral,
}
const LEXICON = { backslash: false, dollar: true, hash: false }

/** A query that `check.tables` compares and `feed` publishes like a table. It is only read, in parentheses. */
export class PostgresQueryRef<Select = unknown> implements TableRef<unknown, Select> {
  declare readonly $select?: Select
  readonly database: PostgresHandle
  readonly name: string
  readonly options: TableOptions
  readonly query: string
  readonly #options: QueryOptions
  readonly #declared: DeclaredColumns

  /** Throws `ConfigError` when `query` is neither a single SELECT nor one that Drizzle builds. */
  constructor(database: PostgresHandle, query: unknown, options: QueryOptions) {
    this.database = database
    const { text, shown, declared } = queryText(query, { ...ENGINE, label: database.label })
    this.query = singleSelect(text, LEXICON, database)
    this.#declared = declared
    this.#options = options
    this.options = options
    this.name = queryName(shown.trim())
  }

  async openCanonical(signal: AbortSignal, reading: ReadOptions = {}): Promise<PostgresCanonicalTable> {
    return new PostgresCanonicalTable(this.database, await this.#describe(signal, reading), reading.snapshot)
  }

  async exports(signal: AbortSignal, reading: Pick<ReadOptions, 'where'> = {}): Promise<TableExport> {
    const info = await this.#describe(signal, reading)
    return new PostgresExport({ database: this.database, info, declared: this.#declared })
  }

  async increment(request: IncrementRequest, signal: AbortSignal): Promise<Increment> {
    const rows = { database: this.database, info: await this.#describe(signal, {}), declared: this.#declared }
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
