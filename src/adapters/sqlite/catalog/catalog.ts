import { getTableConfig, type SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { TableOptions } from '../../../core/database.js'
import { ConfigError, UnavailableError } from '../../../core/errors.js'
import { drizzleColumns } from '../../sql/drizzle-columns.js'
import { nearMisses } from '../../sql/near-misses.js'
import type { SqliteSession } from '../session/session.js'
import { type Catalog, readCatalog, type SqliteColumn } from './catalog-queries.js'
import { quoteIdentifier } from './identifiers.js'

/** What `check` reads: a table, a part of it, or a query. */
export interface ReadableRows {
  readonly name: string
  readonly columns: readonly SqliteColumn[]
  /** Columns that are not among these, and which a new row must have a value of. */
  readonly required: readonly string[]
  readonly key: readonly string[]
  /** SELECT whose rows they are; `undefined`: those of the table `name`. */
  readonly query: string | undefined
  /** A condition for the rows that are there. */
  readonly where: string | undefined
  /** What says that rows are told apart by their key: a unique index; only the config; nothing, as all columns are it. */
  readonly identity: 'indexed' | 'claimed' | 'none'
}

/** A table as the file has it, with what upserting into it needs to know. */
export interface SqliteTableInfo extends ReadableRows {
  readonly ignored: ReadonlySet<string>
  readonly version: string | undefined
  readonly parents: readonly string[]
}

/** What the config says of a table. */
export interface TableRequest {
  readonly table: string | SQLiteTable
  readonly name: string
  readonly label: string
  readonly options: TableOptions
  /** Nothing will be written: columns that an insert would need may be ignored. */
  readonly reading?: boolean
  readonly where?: string | undefined
  /** All columns are the key; no index is asked for. */
  readonly keyless?: boolean | undefined
}

/** Reads the catalog. Throws `ConfigError`, with the fix, when the table cannot be upserted into as asked. */
export async function describeTable(
  session: SqliteSession,
  request: TableRequest,
  signal: AbortSignal,
): Promise<SqliteTableInfo> {
  const catalog = await readCatalog(session, request.name, signal)
  const { table, columns, parents } = catalog
  if (table === undefined) throw tableMissing(request, catalog.names)
  if (table.type !== 'table') {
    throw problem(request, { code: 'table-kind', message: `this is a ${table.type} table`, fix: 'name a plain table' })
  }
  checkDrizzle(request, columns)
  const { key, version, ignore = [] } = inDatabase(request)
  // What a Drizzle table declares may be ignored because the database does not have it.
  const known = typeof request.table === 'string' ? ignore : []
  const requested = { key, version: version === undefined ? [] : [version], ignore: known }
  for (const [option, names = []] of Object.entries(requested)) requireColumns(request, { option, names, columns })
  const ignored = new Set(ignore)
  for (const column of columns) {
    if (request.reading !== true && ignored.has(column.name) && isNeeded(column)) throw needed(request, column.name)
  }
  const used = columns.filter((column) => column.hidden === 0 && !ignored.has(column.name))
  const { where, keyless = false } = request
  if (where !== undefined) await planFilter(session, { request, table: table.name, where }, signal)
  return {
    name: table.name,
    columns: used,
    query: undefined,
    where,
    identity: keyless ? 'none' : 'indexed',
    ignored,
    required: columns.filter((column) => ignored.has(column.name) && isNeeded(column)).map((column) => column.name),
    key: keyless ? used.map(({ name }) => name) : chooseKey(request, catalog, key),
    version,
    parents,
  }
}

/** The file says now, and not in mid-run, what is wrong with the filter. */
async function planFilter(
  session: SqliteSession,
  { request, table, where }: { readonly request: TableRequest; readonly table: string; readonly where: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    const text = `explain select 1 from ${quoteIdentifier(table)} where (\n${where}\n)`
    await session.execute(text, [], { what: 'planning', signal })
  } catch (error) {
    if (error instanceof UnavailableError) throw error
    throw problem(request, {
      code: 'where-invalid',
      option: 'where',
      message: 'SQLite does not understand the filter',
      fix: "write a condition over the table's own columns, as after WHERE",
      cause: error,
    })
  }
}

function isNeeded({ notnull, hasDefault, hidden }: SqliteColumn): boolean {
  return notnull === 1 && hasDefault === 0 && hidden === 0
}

/** The options with the names that columns have in the file. */
function inDatabase({ table, options }: TableRequest): TableOptions {
  if (typeof table === 'string') return options
  const declared = drizzleColumns(table)
  const named = (name: string) => declared.get(name)?.name ?? name
  return {
    ...(options.key === undefined ? {} : { key: options.key.map(named) }),
    ...(options.version === undefined ? {} : { version: named(options.version) }),
    ...(options.ignore === undefined ? {} : { ignore: options.ignore.map(named) }),
  }
}

/** The columns asked for, else the primary key, else the first unique index over NOT NULL columns. */
function chooseKey(request: TableRequest, catalog: Catalog, asked: readonly string[] | undefined): readonly string[] {
  const { columns, unique } = catalog
  const primary = columns.filter(({ pk }) => pk > 0).sort((left, right) => left.pk - right.pk)
  const primaryKey = primary.map(({ name }) => name)
  if (asked !== undefined) {
    const wanted = [...asked].sort().join('\0')
    if ([primaryKey, ...unique].some((index) => [...index].sort().join('\0') === wanted)) return asked
    throw notUnique(request, asked)
  }
  if (primaryKey.length > 0) return primaryKey
  const notNull = new Set(columns.filter((column) => column.notnull === 1).map(({ name }) => name))
  const found = unique.find((index) => index.every((name) => notNull.has(name)))
  if (found !== undefined) return found
  throw problem(request, {
    code: 'key-missing',
    message: 'the table has neither a primary key nor a unique index over NOT NULL columns',
    fix: 'name the columns that identify a row with `key`, and give them a unique index',
  })
}

function checkDrizzle(request: TableRequest, columns: readonly SqliteColumn[]): void {
  if (typeof request.table === 'string') return
  const actual = new Set(columns.map(({ name }) => name))
  const ignored = new Set(request.options.ignore)
  const missing = [...drizzleColumns(request.table).values()].filter(
    ({ name, property }) => !actual.has(name) && !ignored.has(property),
  )
  if (missing.length === 0) return
  throw problem(request, {
    code: 'drizzle-mismatch',
    message: `the Drizzle table does not match: missing in the database: ${missing.map(({ name }) => name).join(', ')}`,
    fix: 'run the migrations, or correct the Drizzle table',
  })
}

function requireColumns(
  request: TableRequest,
  { option, names, columns }: { option: string; names: readonly string[]; columns: readonly SqliteColumn[] },
): void {
  for (const name of names) {
    const column = columns.find((candidate) => candidate.name === name)
    if (column !== undefined && (column.hidden === 0 || option === 'ignore')) continue
    const near = nearMisses(
      name,
      columns.map((candidate) => candidate.name),
    )
    throw problem(request, {
      code: column === undefined ? 'column-missing' : 'column-unusable',
      option,
      message: column === undefined ? `the table has no column ${name}` : `column ${name} is generated`,
      fix: near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'name a column of the table',
    })
  }
}

interface Problem {
  readonly code: string
  readonly message: string
  readonly fix: string
  readonly option?: string
  readonly cause?: unknown
}

export function problem(
  { name, label }: Pick<TableRequest, 'name' | 'label'>,
  { code, message, fix, option, cause }: Problem,
): ConfigError {
  return new ConfigError({
    code,
    key: option === undefined ? name : `${name}.${option}`,
    message: `${message} (${label})`,
    fix,
    cause,
  })
}

function tableMissing(request: TableRequest, names: readonly string[]): ConfigError {
  const near = nearMisses(request.name, names)
  const fix = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'create the table, or name another file'
  return problem(request, { code: 'table-missing', message: 'there is no such table', fix })
}

function needed(request: TableRequest, column: string): ConfigError {
  return problem(request, {
    code: 'column-unusable',
    option: 'ignore',
    message: `column ${column} is NOT NULL without a default, so no row could be inserted`,
    fix: 'take it out of ignore, or give the column a default',
  })
}

function notUnique(request: TableRequest, key: readonly string[]): ConfigError {
  const columns = key.map(quoteIdentifier).join(', ')
  return problem(request, {
    code: 'key-not-unique',
    option: 'key',
    message: `no unique index over all rows has just the columns ${key.join(', ')}`,
    fix: `CREATE UNIQUE INDEX ${quoteIdentifier(`${request.name}_key`)} ON ${quoteIdentifier(request.name)} (${columns});`,
  })
}

export function drizzleTableName(table: SQLiteTable): string {
  return getTableConfig(table).name
}
