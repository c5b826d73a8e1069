import { sql } from 'drizzle-orm'
import type { MySqlTable } from 'drizzle-orm/mysql-core'
import type { TableOptions } from '../../../core/database.js'
import { drizzleColumns } from '../../sql/drizzle-columns.js'
import { nearMisses } from '../../sql/near-misses.js'
import type { ExecuteOptions, Session } from '../session/session.js'
import {
  drizzleMismatch,
  filterInvalid,
  isClear,
  noRight,
  type Subject,
  tableMissing,
  unknownColumn,
  unusableColumn,
  unusableTable,
} from './catalog-errors.js'
import {
  type CatalogTable,
  type MysqlColumn,
  readColumns,
  readForeignKeys,
  readTable,
  readTableNames,
  readUniqueIndexes,
  type UniqueIndex,
} from './catalog-queries.js'
import { drizzleFindings } from './drizzle-table.js'
import { identifier, qualified, type TableName } from './identifiers.js'
import { chooseKey } from './table-key.js'

/** What says that rows are told apart by their key: a unique index; only the config; nothing, as all columns are it. */
export type Identity = 'indexed' | 'claimed' | 'none'

/** What `check` reads: a table, a part of it, or a query. */
export interface ReadableRows {
  readonly name: string
  /** To be followed by an alias. */
  readonly source: string
  /** How to read a part of the rows; `undefined`: they are a query's, or the table is not stored in the order of numbers. */
  readonly ranged?: Ranged | undefined
  readonly identity: Identity
  readonly columns: readonly MysqlColumn[]
  readonly key: readonly MysqlColumn[]
  /** `` `app`.`quotes` ``; `undefined`: a query, which cannot be written. */
  readonly target: string | undefined
  /** Columns that are not among these, and which a new row must have a value of. */
  readonly required: readonly string[]
}

/** A table that InnoDB keeps in the order of a primary key that begins with an integer. */
export interface Ranged {
  /** `` `app`.`quotes` `` */
  readonly table: string
  /** That integer, quoted. */
  readonly column: string
  /** The columns of a row, as in SELECT. */
  readonly list: string
  /** The condition for the rows that are there. */
  readonly where: string | undefined
}

/** A table as the catalog has it, with what upserting into it needs to know. */
export interface MysqlTableInfo extends ReadableRows {
  /** `` `app`.`quotes` `` */
  readonly qualified: string
  readonly ignored: ReadonlySet<string>
  readonly version: MysqlColumn | undefined
  /** The column that AUTO_INCREMENT fills and that no row may bring, as it is unique and not the key. */
  readonly counter: string | undefined
  /** Tables that its foreign keys point to, as `app.quotes`. */
  readonly parents: readonly string[]
}

/** What the config says of a table. */
export interface TableRequest {
  readonly table: string | MySqlTable
  readonly parsed: TableName
  /** As messages name it. */
  readonly subject: Subject
  /** Of the URL: where tables without a schema are. */
  readonly database: string
  readonly options: TableOptions
  /** Nothing will be written: what only matters to an upsert is not asked for. */
  readonly reading?: boolean
  /** A condition for the rows that are there. */
  readonly where?: string | undefined
  /** All columns are the key; no index is asked for. */
  readonly keyless?: boolean | undefined
}

/** Reads the catalog. Throws `ConfigError`, with the fix, when the table cannot be upserted into as asked. */
export function describeTable(session: Session, request: TableRequest, signal: AbortSignal): Promise<MysqlTableInfo> {
  const options: ExecuteOptions = { what: 'reading the catalog', signal }
  return session.transaction((transaction) => describe(transaction, request), { ...options, readOnly: true })
}

async function describe(session: Session, request: TableRequest): Promise<MysqlTableInfo> {
  const { subject } = request
  const table = await findTable(session, request)
  const columns = await readColumns(session, table)
  if (columns.length === 0) throw noRight(subject, table)
  const { key: asked, version, ignored } = requestedColumns(request, columns)
  if (typeof request.table !== 'string') {
    const findings = drizzleFindings(request.table, columns, ignored)
    if (findings.length > 0) throw drizzleMismatch(subject, findings)
  }
  const indexes = await readUniqueIndexes(session, table)
  const reading = request.reading === true
  const used = columns.filter((column) => !column.generated && !ignored.has(column.name))
  const keyless = request.keyless === true
  const key = keyless ? used : chooseKey({ subject, table, columns, indexes, ignored, reading }, asked)
  const counter = columns.find((column) => column.autoIncrement && !key.includes(column))
  const source = sourceOf(table, used, request.where)
  if (request.where !== undefined) await planFilter(session, subject, source)
  return {
    name: `${table.schema}.${table.name}`,
    source,
    ranged: rangedBy({ table, columns, used, indexes }, request.where),
    identity: keyless ? 'none' : 'indexed',
    qualified: qualified(table.schema, table.name),
    columns: used,
    ignored,
    target: qualified(table.schema, table.name),
    required: columns.filter((column) => ignored.has(column.name) && isNeeded(column)).map(({ name }) => name),
    key,
    version: versionColumn(subject, columns, version),
    counter: counter?.name,
    parents: (await readForeignKeys(session, table)).map(({ parent }) => parent),
  }
}

/** Named one by one, as `*` leaves out invisible columns. */
function sourceOf(table: CatalogTable, columns: readonly MysqlColumn[], where: string | undefined): string {
  const whole = qualified(table.schema, table.name)
  return where === undefined ? whole : `(select ${listOf(columns)} from ${whole} where (\n${where}\n))`
}

function listOf(columns: readonly MysqlColumn[]): string {
  return columns.map(({ name }) => identifier(name)).join(', ')
}

interface Stored {
  readonly table: CatalogTable
  readonly columns: readonly MysqlColumn[]
  readonly used: readonly MysqlColumn[]
  readonly indexes: readonly UniqueIndex[]
}

const INTEGERS = /^(tinyint|smallint|mediumint|int|bigint)$/

function rangedBy({ table, columns, used, indexes }: Stored, where: string | undefined): Ranged | undefined {
  const [first] = indexes.find(({ name }) => name === 'PRIMARY')?.columns ?? []
  const column = columns.find(({ name }) => name === first)
  if (table.engine !== 'InnoDB' || column === undefined || !INTEGERS.test(column.dataType)) return undefined
  const name = qualified(table.schema, table.name)
  return { table: name, column: identifier(column.name), list: listOf(used), where }
}

/** The server says now, and not in mid-run, what is wrong with the filter or missing of rights. */
async function planFilter(session: Session, subject: Subject, source: string): Promise<void> {
  try {
    await session.execute(sql.raw(`explain select 1 from ${source} t`))
  } catch (error) {
    throw isClear(error) ? error : filterInvalid(subject, error)
  }
}

async function findTable(
  session: Session,
  { parsed, subject, database, reading }: TableRequest,
): Promise<CatalogTable> {
  const schema = parsed.schema ?? database
  const table = await readTable(session, schema, parsed.table)
  if (table === undefined) {
    throw tableMissing(subject, nearMisses(parsed.table, await readTableNames(session, schema)))
  }
  const error = reading === true && table.kind === 'BASE TABLE' ? undefined : unusableTable(subject, table)
  if (error !== undefined) throw error
  return table
}

interface RequestedColumns {
  readonly key: readonly string[] | undefined
  readonly version: string | undefined
  readonly ignored: ReadonlySet<string>
}

function requestedColumns(
  { table, options, subject, reading }: TableRequest,
  columns: readonly MysqlColumn[],
): RequestedColumns {
  const declared = typeof table === 'string' ? undefined : drizzleColumns(table)
  const inDatabase = (name: string): string => declared?.get(name)?.name ?? name
  const ignored = new Set(options.ignore?.map(inDatabase))
  for (const name of ignored) {
    const column = columns.find((candidate) => candidate.name === name)
    const named = { option: 'ignore', column: name } as const
    if (column === undefined) throw unknownColumn(subject, named, columns)
    if (reading !== true && isNeeded(column)) throw unusableColumn(subject, named, NEEDED)
  }
  return {
    key: options.key?.map(inDatabase),
    version: options.version === undefined ? undefined : inDatabase(options.version),
    ignored,
  }
}

function isNeeded({ hasDefault, generated }: MysqlColumn): boolean {
  return !hasDefault && !generated
}

const NEEDED = {
  reason: 'is NOT NULL without a default, so no row could be inserted',
  fix: 'take it out of ignore, or give the column a default',
}

/** Types in which one value is newer than another. */
const ORDERED =
  /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double|date|datetime|timestamp|time|year|char|varchar|tinytext|text|mediumtext|longtext|binary|varbinary|uuid)$/

function versionColumn(
  subject: Subject,
  columns: readonly MysqlColumn[],
  version: string | undefined,
): MysqlColumn | undefined {
  if (version === undefined) return undefined
  const named = { option: 'version', column: version } as const
  const column = columns.find((candidate) => candidate.name === version)
  if (column === undefined) throw unknownColumn(subject, named, columns)
  if (column.generated) {
    throw unusableColumn(subject, named, { reason: 'is generated', fix: 'choose a column that is written' })
  }
  if (ORDERED.test(column.dataType)) return column
  throw unusableColumn(subject, named, {
    reason: `is ${column.type}, in which no value is newer`,
    fix: 'choose a number, a date or a time, or a text',
  })
}
