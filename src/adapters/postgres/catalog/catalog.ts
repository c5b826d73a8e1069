import { sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { TableOptions } from '../../../core/database.js'
import type { Column, TableSchema } from '../../../core/table.js'
import type { Session } from '../session/session.js'
import {
  badTableName,
  drizzleMismatch,
  filterInvalid,
  isClear,
  type NamedColumn,
  type Subject,
  unknownColumn,
  unusableColumn,
  unusableRelation,
} from './catalog-errors.js'
import {
  type CatalogColumn,
  type CatalogRelation,
  readColumns,
  readRelation,
  readUniqueIndexes,
} from './catalog-queries.js'
import { drizzleColumnName, drizzleColumnNames, drizzleFindings, drizzleTableName } from './drizzle-table.js'
import { parseTableName, quoteQualified, type TableName } from './identifiers.js'
import { missingTable } from './missing-table.js'
import { chooseKey } from './table-key.js'
import { castType, isHashable, isOrdered, type TypeFacts, transportOf } from './types.js'

export interface PostgresColumn extends Column {
  /** Of the type below, when the column's is a domain. */
  readonly typeOid: string
  /** How values travel as one array parameter: `$1::uuid[]`, or the text of each in `$1::text[]`. */
  readonly transport: 'native' | 'text'
  /** `false`: equal values can differ in their text, so that is what the writer compares (types.ts). */
  readonly hashable: boolean
  /** The insert needs `OVERRIDING SYSTEM VALUE`. */
  readonly identityAlways: boolean
  /** The type for a cast, quoted, without length or precision, so that the cast cuts nothing. */
  readonly cast: string
  readonly facts: TypeFacts
}

/** What says that rows are told apart by their key: a unique index; only the config; nothing, as all columns are it. */
export type Identity = 'indexed' | 'claimed' | 'none'

/** A table as the catalog has it, with what reading, digesting and writing it need to know. */
export interface PostgresTableInfo {
  readonly schema: TableSchema
  readonly oid: string
  readonly schemaName: string
  readonly tableName: string
  /** `"public"."records"` */
  readonly qualified: string
  /** What rows are read from, to be followed by an alias: the table, a part of it, or a query. */
  readonly source: string
  /** The condition for the rows of `qualified` that are there. */
  readonly filter?: string | undefined
  readonly identity: Identity
  /** In the order of `schema.columns`. */
  readonly columns: readonly PostgresColumn[]
  /** Columns of the key, in the order of `schema.key`. */
  readonly keyColumns: readonly PostgresColumn[]
  readonly versionColumn: PostgresColumn | undefined
  /** Columns that are not among these, and which a new row must have a value of. */
  readonly required: readonly string[]
  /** `columnsFingerprint` of the columns described here. */
  readonly fingerprint: string
}

/** What the config says of a table. */
export interface TableRequest {
  readonly table: string | PgTable
  /** As messages name it. */
  readonly name: string
  /** Address of the database without credentials, for messages. */
  readonly database: string
  readonly options: TableOptions
  /** Columns that a Drizzle table does not declare are left alone, where an insert need not name them. Default: refused. */
  readonly declaredOnly?: boolean
  /** Nothing will be written: columns that an insert would need may be ignored. */
  readonly reading?: boolean
  /** A condition for the rows that are there. */
  readonly where?: string | undefined
  /** All columns are the key; no index is asked for. */
  readonly keyless?: boolean | undefined
}

/** Reads the catalog. Throws `ConfigError`, with the fix, when the table cannot be used as asked. */
export async function describeTable(
  session: Session,
  request: TableRequest,
  signal?: AbortSignal,
): Promise<PostgresTableInfo> {
  return session.transaction((transaction) => describe(transaction, request), {
    isolation: 'repeatable read',
    readOnly: true,
    what: 'reading the catalog',
    ...(signal === undefined ? {} : { signal }),
  })
}

async function describe(session: Session, request: TableRequest): Promise<PostgresTableInfo> {
  const subject: Subject = { name: request.name, database: request.database }
  const relation = await findRelation(session, subject, requestedName(request, subject))
  const columns = await readColumns(session, relation.oid)
  const requested = requestedColumns(request, subject, columns)
  const { key, version } = requested
  const ignored = new Set([...requested.ignored, ...undeclared(request, columns)])
  if (typeof request.table !== 'string') {
    const findings = drizzleFindings(request.table, columns, ignored)
    if (findings.length > 0) throw drizzleMismatch(subject, findings)
  }
  const indexes = await readUniqueIndexes(session, relation.oid)
  const used = columns.filter((column) => !column.generated && !ignored.has(column.name))
  const keyless = request.keyless === true
  const required = columns.filter((column) => ignored.has(column.name) && isNeeded(column)).map(({ name }) => name)
  const chosen = keyless
    ? used.map(({ name }) => name)
    : chooseKey({ subject, relation, columns, indexes, ignored }, key)
  checkVersion(subject, columns, requested)
  const info = tableInfo(relation, used.map(toPostgresColumn), { key: chosen, version, required })
  const { where } = request
  const source = where === undefined ? info.source : `(select * from ${info.qualified} where (\n${where}\n))`
  if (where !== undefined) await planFilter(session, subject, source)
  return { ...info, source, filter: where, identity: keyless ? 'none' : 'indexed' }
}

function isNeeded({ notNull, hasDefault, generated }: CatalogColumn): boolean {
  return notNull && !hasDefault && !generated
}

function requestedName({ table }: TableRequest, subject: Subject): TableName {
  const name = typeof table === 'string' ? parseTableName(table) : drizzleTableName(table)
  if (name === undefined) throw badTableName(subject)
  return name
}

async function findRelation(session: Session, subject: Subject, name: TableName): Promise<CatalogRelation> {
  const relation = await readRelation(session, name)
  if (relation === undefined) throw await missingTable(session, subject, name)
  const error = unusableRelation(subject, relation)
  if (error !== undefined) throw error
  return relation
}

/** The server says now, and not in mid-run, what is wrong with the filter or missing of rights. */
async function planFilter(session: Session, subject: Subject, source: string): Promise<void> {
  try {
    await session.execute(sql.raw(`explain select from ${source} t`))
  } catch (error) {
    throw isClear(error) ? error : filterInvalid(subject, error)
  }
}

interface RequestedColumns {
  readonly key: readonly string[] | undefined
  readonly version: string | undefined
  readonly ignored: ReadonlySet<string>
}

function requestedColumns(
  { table, options, reading }: TableRequest,
  subject: Subject,
  columns: readonly CatalogColumn[],
): RequestedColumns {
  const inDatabase = (name: string): string => (typeof table === 'string' ? name : drizzleColumnName(table, name))
  const ignored = new Set(options.ignore?.map(inDatabase))
  for (const name of ignored) checkIgnored(subject, columns, { name, reading: reading === true })
  return {
    key: options.key?.map(inDatabase),
    version: options.version === undefined ? undefined : inDatabase(options.version),
    ignored,
  }
}

function undeclared({ table, declaredOnly }: TableRequest, columns: readonly CatalogColumn[]): readonly string[] {
  if (declaredOnly !== true || typeof table === 'string') return []
  const declared = drizzleColumnNames(table)
  return columns.filter((column) => !declared.has(column.name) && !isNeeded(column)).map(({ name }) => name)
}

function checkIgnored(
  subject: Subject,
  columns: readonly CatalogColumn[],
  { name, reading }: { readonly name: string; readonly reading: boolean },
): void {
  const named: NamedColumn = { option: 'ignore', column: name }
  const column = columns.find((candidate) => candidate.name === name)
  if (column === undefined) throw unknownColumn(subject, named, columns)
  if (!reading && isNeeded(column)) {
    throw unusableColumn(subject, named, {
      reason: 'is NOT NULL without a default, so no row could be inserted',
      fix: 'take it out of ignore, or give the column a default',
    })
  }
}

function checkVersion(
  subject: Subject,
  columns: readonly CatalogColumn[],
  { version, ignored }: RequestedColumns,
): void {
  if (version === undefined) return
  const named: NamedColumn = { option: 'version', column: version }
  const column = columns.find((candidate) => candidate.name === version)
  if (column === undefined) throw unknownColumn(subject, named, columns)
  const problem = versionProblem(column, ignored)
  if (problem !== undefined) throw unusableColumn(subject, named, problem)
}

function versionProblem(
  column: CatalogColumn,
  ignored: ReadonlySet<string>,
): { reason: string; fix: string } | undefined {
  if (ignored.has(column.name)) return { reason: 'is in ignore', fix: 'take it out of ignore' }
  if (column.generated) return { reason: 'is generated', fix: 'choose a column that is written' }
  if (isOrdered(column.facts)) return undefined
  const fix = 'choose a number, a date or timestamp, a UUID (version 7) or a text'
  return { reason: `is ${column.type}, in which no value is newer`, fix }
}

export function toPostgresColumn(column: CatalogColumn): PostgresColumn {
  return {
    name: column.name,
    type: column.type,
    nullable: !column.notNull,
    hasDefault: column.hasDefault,
    typeOid: column.facts.oid,
    transport: transportOf(column.facts),
    hashable: isHashable(column.facts),
    identityAlways: column.identity === 'always',
    cast: castType(column.facts),
    facts: column.facts,
  }
}

function tableInfo(
  relation: CatalogRelation,
  columns: readonly PostgresColumn[],
  named: { key: readonly string[]; version: string | undefined; required: readonly string[] },
): PostgresTableInfo {
  const { key, version, required } = named
  return {
    schema: {
      name: `${relation.schema}.${relation.name}`,
      columns: columns.map(({ name, type, nullable, hasDefault }) => ({ name, type, nullable, hasDefault })),
      key,
      ...(version === undefined ? {} : { version }),
    },
    oid: relation.oid,
    schemaName: relation.schema,
    tableName: relation.name,
    qualified: quoteQualified(relation.schema, relation.name),
    source: quoteQualified(relation.schema, relation.name),
    identity: 'indexed',
    columns,
    keyColumns: key.flatMap((name) => columns.filter((column) => column.name === name)),
    versionColumn: columns.find((column) => column.name === version),
    required,
    fingerprint: relation.fingerprint,
  }
}
