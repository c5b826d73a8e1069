import { z } from 'zod'
import type { GroupsRequest } from '../../../core/database.js'
import { ConfigError, LockstepError, UnavailableError } from '../../../core/errors.js'
import { drizzleColumns } from '../../sql/drizzle-columns.js'
import { nearMisses } from '../../sql/near-misses.js'
import { readTypes } from '../../sql/read-types.js'
import { type Catalog, readCatalog, type SqliteColumn } from '../catalog/catalog-queries.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { comesInOrder, planOf } from '../plan/plan.js'
import { estimateRows, freeName, takenNames } from '../plan/table-facts.js'
import type { Snapshot } from '../session/session.js'
import type { SqliteTableRef } from '../table-ref.js'
import { keyOrderOf, keysetStatement, PRINTED, type SqliteGroupColumn, STORED } from './group-column.js'

/** A request, and which table of this adapter it is about. */
export interface Asked {
  /** What the catalog is read through. Not the session: libsql leaves reads of its connection open, which then cannot write. */
  readonly snapshot: Snapshot
  readonly request: GroupsRequest
  readonly table: SqliteTableRef
}

const Indexed = z.array(z.object({ key: z.string().nullable(), collation: z.string() }))
const Definition = z.array(z.object({ sql: z.string().nullable() }))

/** Reads the catalog for one request; a `ConfigError` when it cannot be read as asked. */
export async function describeGroups(asked: Asked, signal: AbortSignal): Promise<SqliteGroupColumn> {
  const { table, request } = asked
  const catalog = await readCatalog(table.database.session, table.name, signal)
  if (catalog.table?.type !== 'table') throw missing(table, catalog)
  const { name } = catalog.table
  const key = findColumn(
    table,
    catalog,
    request.key === undefined ? ownKey(table, catalog) : inDatabase(table, request.key),
  )
  const order = keyOrderOf(key.type)
  if (order === undefined) {
    throw unusable(table, key, {
      why: 'its keys have no order that all engines share',
      fix: 'declare it INTEGER, TEXT or BLOB',
    })
  }
  const facts = await factsOf(asked, { name, key, signal })
  if (order === 'text' && facts.loose) throw unusable(table, key, LOOSE)
  const primary = primaryKey(catalog)
  const isRowId = primary.length === 1 && primary[0] === key.name && key.type.toUpperCase() === 'INTEGER'
  const indexed = isRowId || facts.indexed
  const single = request.of.kind === 'stored'
  const quoted = quoteIdentifier(key.name)
  const column: SqliteGroupColumn = {
    label: `${table.database.label} ${name}.${key.name}`,
    name: `${name}.${key.name}`,
    order,
    value: 'number',
    ...(request.of.kind === 'stored'
      ? { storedIn: findColumn(table, catalog, inDatabase(table, request.of.column)).name }
      : {}),
    types: readTypes(catalog.columns, { ...request, key: key.name, named: (given) => inDatabase(table, given) }),
    estimatedRows: facts.rows,
    indexed,
    advice: undefined,
    rowKey: single ? [key.name] : primary,
    table: name,
    keyName: key.name,
    valueName: single || request.of.kind === 'count' ? undefined : inDatabase(table, request.of.column),
    takenNames: facts.names,
    key: `t.${quoted}${order === 'text' ? ' collate binary' : ''}`,
    printKey: PRINTED[order],
    figure: figureOf(asked, catalog),
    stored: STORED[order],
    single,
    where: request.where,
  }
  return withIndex(asked, column, signal)
}

async function withIndex(asked: Asked, column: SqliteGroupColumn, signal: AbortSignal): Promise<SqliteGroupColumn> {
  await plan(asked, column, signal)
  // An index over the filter's rows alone is only known by its plan.
  const found = column.indexed || (column.where !== undefined && (await plansInOrder(asked, column, signal)))
  return { ...column, indexed: found, advice: found ? undefined : indexStatement(column) }
}

function plansInOrder({ snapshot }: Asked, column: SqliteGroupColumn, signal: AbortSignal): Promise<boolean> {
  return planOf(snapshot, keysetStatement(column, { after: undefined, limit: 1 }), { signal }).then(comesInOrder)
}

/** What would bring the groups in order, with all that is read of a row. */
export function indexStatement({ table, keyName, valueName, takenNames }: SqliteGroupColumn): string {
  const names = valueName === undefined ? [keyName] : [keyName, valueName]
  const name = freeName([table, ...names], takenNames)
  return `CREATE INDEX ${quoteIdentifier(name)} ON ${quoteIdentifier(table)} (${names.map(quoteIdentifier).join(', ')});`
}

const LOOSE = {
  why: 'a collation of the table takes different texts (a and A) for one key',
  fix: 'make it COLLATE BINARY',
}

interface Facts {
  readonly indexed: boolean
  /** Something of the table does not compare texts by their bytes. */
  readonly loose: boolean
  readonly rows: number
  /** Of all that is in the file, in lower case. */
  readonly names: ReadonlySet<string>
}

async function factsOf(
  { snapshot }: Asked,
  { name, key, signal }: { readonly name: string; readonly key: SqliteColumn; readonly signal: AbortSignal },
): Promise<Facts> {
  const options = { what: 'reading the catalog', signal }
  const indexes = Indexed.parse(
    (
      await snapshot.execute(
        `select x.name as key, x.coll as collation from pragma_index_list(?) l, pragma_index_xinfo(l.name) x
          where x.seqno = 0 and not x."desc" and not l.partial`,
        [name],
        options,
      )
    ).rows,
  ).filter((index) => index.key === key.name)
  const { rows } = await snapshot.execute('select sql from sqlite_schema where name = ?', [name], options)
  const [definition] = Definition.parse(rows)
  const declared = /collate\s+["`[]?(nocase|rtrim)/i.test(definition?.sql ?? '')
  return {
    indexed: indexes.length > 0,
    loose: declared || indexes.some(({ collation }) => collation !== 'BINARY'),
    rows: await estimateRows(snapshot, name, signal),
    names: await takenNames(snapshot, signal),
  }
}

function primaryKey({ columns }: Catalog): readonly string[] {
  return columns
    .filter(({ pk }) => pk > 0)
    .toSorted((left, right) => left.pk - right.pk)
    .map(({ name }) => name)
}

function ownKey(table: SqliteTableRef, catalog: Catalog): string {
  const { unique } = catalog
  const primary = primaryKey(catalog)
  const candidates = [primary, ...unique]
  const asked =
    table.options.key?.map((name) => inDatabase(table, name)) ?? (primary.length > 0 ? primary : unique[0]) ?? []
  const [key] = asked
  if (key !== undefined && asked.length === 1 && candidates.some((names) => names.length === 1 && names[0] === key))
    return key
  throw problem(table, 'key', {
    code: 'key-not-unique',
    message: 'a master row is found by a key of one column, and the table has no unique index on one alone',
    fix: "name it, as in table('blobs', { key: ['id'] }), and give it a unique index or make it the primary key",
  })
}

function inDatabase({ drizzle }: SqliteTableRef, name: string): string {
  return drizzle === undefined ? name : (drizzleColumns(drizzle).get(name)?.name ?? name)
}

function findColumn(table: SqliteTableRef, { columns }: Catalog, name: string): SqliteColumn {
  const found = columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  if (found !== undefined) return found
  const near = nearMisses(
    name,
    columns.map((column) => column.name),
  )
  throw problem(table, name, {
    code: 'column-missing',
    message: `the table has no column ${name}`,
    fix: near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'name a column of the table',
  })
}

function figureOf({ request: { of }, table }: Asked, catalog: Catalog): string {
  if (of.kind === 'count') return 'count(*)'
  const column = findColumn(table, catalog, inDatabase(table, of.column))
  if (!/int/i.test(column.type))
    throw unusable(table, column, {
      why: 'there is no exact sum or order of it',
      fix: 'name a column declared INTEGER',
    })
  const name = `t.${quoteIdentifier(column.name)}`
  const value = of.kind === 'stored' ? name : `${of.kind}(${name})`
  return of.kind === 'sum' || (of.kind === 'stored' && of.nullAsZero) ? `coalesce(${value}, 0)` : value
}

/** The file says now, and not in mid-run, what is wrong with the filter. */
async function plan({ table, snapshot }: Asked, column: SqliteGroupColumn, signal: AbortSignal): Promise<void> {
  try {
    const statement = `explain ${keysetStatement(column, { after: undefined, limit: 1 })}`
    await snapshot.execute(statement, [], { what: 'planning', signal })
  } catch (error) {
    const clear = error instanceof UnavailableError || (error instanceof LockstepError && column.where === undefined)
    if (clear || column.where === undefined) throw error
    throw problem(table, 'where', {
      code: 'where-invalid',
      message: 'SQLite does not understand the filter',
      fix: "write a condition over the table's own columns, as after WHERE",
      cause: error,
    })
  }
}

function missing(table: SqliteTableRef, { names }: Catalog): ConfigError {
  const near = nearMisses(table.name, names)
  const fix = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'create the table, or name another file'
  return problem(table, 'table', { code: 'table-missing', message: 'there is no such table', fix })
}

function unusable(
  table: SqliteTableRef,
  { name, type }: SqliteColumn,
  { why, fix }: { readonly why: string; readonly fix: string },
): ConfigError {
  return problem(table, name, { code: 'column-unusable', message: `column ${name} is ${type}: ${why}`, fix })
}

interface Problem {
  readonly code: string
  readonly message: string
  readonly fix: string
  readonly cause?: unknown
}

function problem(table: SqliteTableRef, option: string, what: Problem): ConfigError {
  return new ConfigError({
    ...what,
    key: `${table.name}.${option}`,
    message: `${what.message} (${table.database.label})`,
  })
}
