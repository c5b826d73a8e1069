import type { PgTable } from 'drizzle-orm/pg-core'
import type { BulkTable } from '../../core/bulk.js'
import type { ColumnRef, ReadOptions, ReadsAsked, TableOptions, TableRef, TableUse } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { TableExport } from '../../core/export.js'
import type { ColumnOptions } from '../../core/groups.js'
import type { Increment, IncrementRequest } from '../../core/increment.js'
import { bothConditions, type KeySample, type KeySampleRequest, rangeCondition } from '../../core/key-range.js'
import { declaredColumns } from '../sql/drizzle-columns.js'
import { openBulkTable } from './bulk/bulk-table.js'
import { PostgresCanonicalTable } from './canonical/canonical-table.js'
import { describeTable, type PostgresTableInfo, type TableRequest } from './catalog/catalog.js'
import { drizzleTableName, isDrizzleTable } from './catalog/drizzle-table.js'
import { parseTableName, quoteIdentifier, quoteLiteral, type TableName } from './catalog/identifiers.js'
import { diagnoseTable } from './diagnose/diagnose.js'
import { tableGrants } from './diagnose/grants.js'
import { diagnosePostgresReads } from './diagnose/reads.js'
import { sampleKeys } from './digest/sample-keys.js'
import { postgresIncrement } from './export/increment.js'
import { PostgresExport } from './export/table-export.js'
import type { PostgresHandle, UpsertableTable } from './handle.js'
import { PostgresTable } from './table.js'

/** A table of a PostgreSQL database that has been named and not yet looked at. `Insert`, `Select`: its rows, as Drizzle has them. */
export class PostgresTableRef<Insert = unknown, Select = unknown> implements TableRef<Insert, Select>, UpsertableTable {
  declare readonly $insert?: Insert
  declare readonly $select?: Select
  readonly database: PostgresHandle
  readonly name: string
  readonly options: TableOptions
  readonly #table: string | PgTable
  readonly #parsed: TableName

  /** Throws `ConfigError` when `table` is neither a name nor a Drizzle table of PostgreSQL. */
  constructor(database: PostgresHandle, table: unknown, options: TableOptions) {
    this.database = database
    this.options = options
    const { given, parsed } = readTable(table)
    this.#table = given
    this.#parsed = parsed
    this.name =
      typeof given === 'string'
        ? given
        : parsed.schema === undefined
          ? parsed.table
          : `${parsed.schema}.${parsed.table}`
  }

  async open(signal: AbortSignal, reading: ReadOptions = {}): Promise<PostgresTable> {
    const request = { ...this.#request(), where: filterOf(reading) }
    const info = await describeTable(this.database.session, request, signal)
    return new PostgresTable(this.database, info, reading.snapshot)
  }

  async openCanonical(signal: AbortSignal, reading: ReadOptions = {}): Promise<PostgresCanonicalTable> {
    const request = { ...this.#request(), keyless: reading.keyless, where: filterOf(reading), reading: true }
    const info = await describeTable(this.database.session, request, signal)
    return new PostgresCanonicalTable(this.database, info, reading.snapshot)
  }

  /** A column of it, for `check.references`: by its property in the Drizzle table, or by its name in the database. */
  column(name: Extract<keyof Insert, string>, options: ColumnOptions = {}): ColumnRef {
    return { table: this, column: name, options }
  }

  get drizzle(): PgTable | undefined {
    return typeof this.#table === 'string' ? undefined : this.#table
  }

  get ignored(): ReadonlySet<string> {
    return new Set(this.options.ignore)
  }

  describe(signal: AbortSignal, reading: Pick<ReadOptions, 'where'> = {}): Promise<PostgresTableInfo> {
    return describeTable(this.database.session, { ...this.#request(), ...reading, declaredOnly: true }, signal)
  }

  #request(): TableRequest {
    return { table: this.#table, name: this.name, database: this.database.label, options: this.options }
  }

  diagnose(use: TableUse, signal: AbortSignal): Promise<readonly Diagnosis[]> {
    return diagnoseTable(this, use, signal)
  }

  async diagnoseReads(asked: ReadsAsked, signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const { session, label } = this.database
    const info = await this.describe(signal, asked)
    const subject = `${label} ${info.schema.name}`
    return diagnosePostgresReads({ session, subject, info, table: this.drizzle }, asked, signal)
  }

  async sampleKeys(request: KeySampleRequest, signal: AbortSignal): Promise<KeySample | undefined> {
    return sampleKeys(this.database.session, await this.describe(signal), { request, signal })
  }

  grants(use: TableUse, role: string, signal: AbortSignal): Promise<GrantList> {
    return tableGrants(this, { use, role }, signal)
  }

  async exports(signal: AbortSignal, reading: Pick<ReadOptions, 'where'> = {}): Promise<TableExport> {
    const { database } = this
    const info = await this.describe(signal, reading)
    return new PostgresExport({ database, info, declared: declaredColumns(this.drizzle) })
  }

  async increment(request: IncrementRequest, signal: AbortSignal): Promise<Increment> {
    const rows = { database: this.database, info: await this.describe(signal), declared: declaredColumns(this.drizzle) }
    return postgresIncrement(rows, request, signal)
  }

  bulk(signal: AbortSignal): Promise<BulkTable> {
    const { session, label } = this.database
    return openBulkTable({ session, label, table: this.#parsed }, signal)
  }
}

function filterOf({ where, range }: ReadOptions): string | undefined {
  if (range === undefined) return where
  const names = { column: quoteIdentifier(range.column), uuid: (text: string) => `${quoteLiteral(text)}::uuid` }
  return bothConditions(where, rangeCondition(range, names))
}

function readTable(table: unknown): { given: string | PgTable; parsed: TableName } {
  if (isDrizzleTable(table)) return { given: table, parsed: drizzleTableName(table) }
  const parsed = typeof table === 'string' ? parseTableName(table) : undefined
  if (typeof table === 'string' && parsed !== undefined) return { given: table, parsed }
  throw new ConfigError({
    code: 'table-name',
    key: 'table',
    message:
      typeof table === 'string'
        ? `${JSON.stringify(table)} is not the name of a table`
        : 'this is neither a name nor a Drizzle table of PostgreSQL',
    fix: 'write records, public.records or, with odd characters, "schema"."table", or hand in what pgTable() returned',
  })
}
