import type { QueryOptions, ReadOptions, TableOptions, TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { diagnoseQuery, queryName } from '../sql/query.js'
import { singleSelect } from '../sql/single-select.js'
import { SqliteCanonicalTable } from './canonical/canonical-table.js'
import { describeQuery } from './catalog/query.js'
import type { SqliteHandle } from './handle.js'

const LEXICON = { backslash: false, dollar: false, hash: false }

/** A query that `check.tables` compares like a table. It is only read, in parentheses. */
export class SqliteQueryRef implements TableRef {
  readonly database: SqliteHandle
  readonly name: string
  readonly options: TableOptions
  readonly #text: string
  readonly #options: QueryOptions

  /** Throws `ConfigError` when `text` is not a single SELECT. */
  constructor(database: SqliteHandle, text: string, options: QueryOptions) {
    this.database = database
    this.#text = singleSelect(text, LEXICON, database)
    this.#options = options
    this.options = options
    this.name = queryName(this.#text)
  }

  async openCanonical(signal: AbortSignal, reading: ReadOptions = {}): Promise<SqliteCanonicalTable> {
    const { name, database } = this
    const request = { text: this.#text, name, label: database.label, options: this.#options, reading }
    return new SqliteCanonicalTable(this.database, await describeQuery(this.database.session, request, signal))
  }

  diagnose(_use: unknown, signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseQuery(this, signal)
  }

  /** SQLite has no rights but those on the file and its folder. */
  async grants(): Promise<GrantList> {
    return { database: this.database.label, statements: [] }
  }
}
