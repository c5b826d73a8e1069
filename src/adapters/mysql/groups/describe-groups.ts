import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { GroupsRequest } from '../../../core/database.js'
import { ConfigError, UnavailableError } from '../../../core/errors.js'
import { drizzleColumns } from '../../sql/drizzle-columns.js'
import { nearMisses } from '../../sql/near-misses.js'
import { readTypes } from '../../sql/read-types.js'
import { tableMissing } from '../catalog/catalog-errors.js'
import {
  type CatalogTable,
  type MysqlColumn,
  readColumns,
  readTable,
  readTableNames,
} from '../catalog/catalog-queries.js'
import { drizzleTableName } from '../catalog/drizzle-table.js'
import { identifier, parseTableName, qualified } from '../catalog/identifiers.js'
import type { Session } from '../session/session.js'
import type { MysqlTableRef } from '../table-ref.js'
import { figureFacts, keyTypeOf, type MysqlGroupColumn } from './group-column.js'
import { keysetStatement } from './group-sql.js'
import { holds, type Index, indexFor, PRIMARY, readIndexes } from './indexes.js'
import { adviceFor } from './wanted-index.js'

/** A request, and which table of this adapter it is about. */
export interface Asked {
  readonly request: GroupsRequest
  readonly table: MysqlTableRef
}

/** Reads the catalog for one request; a `ConfigError` when it cannot be read as asked. */
export async function describeGroups(session: Session, asked: Asked): Promise<MysqlGroupColumn> {
  const { table, request } = asked
  const found = await findTable(session, table)
  const columns = await readColumns(session, found.table)
  const indexes = await readIndexes(session, found.table)
  const keyName = request.key === undefined ? ownKey(table, indexes) : inDatabase(table, request.key)
  const key = findColumn(table, columns, keyName)
  const type = keyTypeOf(key)
  if (type === undefined) throw unusableKey(table, key)
  const single = request.of.kind === 'stored'
  const value =
    request.of.kind === 'count' ? undefined : findColumn(table, columns, inDatabase(table, request.of.column))
  const wanted = { column: key.name, value: value?.name, single }
  const first = indexFor(indexes, wanted)
  const index = type.indexable ? first : undefined
  const name = `${found.table.schema}.${found.table.name}.${key.name}`
  const full = qualified(found.table.schema, found.table.name)
  const column: MysqlGroupColumn = {
    ...type,
    label: `${table.database.label} ${name}`,
    name,
    ...figureOf(asked, columns),
    types: readTypes(columns, { ...request, key: key.name, named: (given) => inDatabase(table, given) }),
    estimatedRows: found.rows,
    indexed: index !== undefined,
    advice: undefined,
    rowKey: single ? [key.name] : (indexes.find(({ unique }) => unique)?.columns ?? []),
    qualified: full,
    index: index === undefined ? undefined : identifier(index.name),
    table: found.table,
    keyColumn: key,
    valueColumn: single ? undefined : value,
    primary: columns.filter((one) =>
      indexes.some(({ name, columns: some }) => name === PRIMARY && some.includes(one.name)),
    ),
    found: first !== undefined,
    holdsValue: first === undefined || single || holds(first, value?.name),
    single,
    where: request.where,
  }
  await plan(session, table, column)
  return index === undefined && type.indexable ? { ...column, advice: adviceFor(column) } : column
}

const Rows = z.tuple([z.object({ n: z.coerce.number().nullable() })])

async function findTable(
  session: Session,
  ref: MysqlTableRef,
): Promise<{ readonly table: CatalogTable; readonly rows: number }> {
  const named = ref.drizzle === undefined ? parseTableName(ref.name) : drizzleTableName(ref.drizzle)
  const schema = named?.schema ?? ref.database.name
  const table = named && (await readTable(session, schema, named.table))
  if (table === undefined) {
    const subject = { name: ref.name, database: ref.database.label }
    throw tableMissing(subject, nearMisses(named?.table ?? ref.name, await readTableNames(session, schema)))
  }
  if (table.kind !== 'BASE TABLE' || table.engine.toLowerCase() !== 'innodb') {
    throw problem(ref, 'table', {
      code: 'table-kind',
      message: `this is a ${table.kind.toLowerCase()}${table.engine === '' ? '' : ` of ${table.engine}`}, which has no snapshots`,
      fix: 'name a table of InnoDB',
    })
  }
  const [{ n }] = Rows.parse(
    await session.execute(sql`select table_rows as n from information_schema.tables
      where table_schema = ${table.schema} and table_name = ${table.name}`),
  )
  return { table, rows: n ?? 0 }
}

function ownKey(table: MysqlTableRef, indexes: readonly Index[]): string {
  const unique = indexes.filter((index) => index.unique)
  const asked = table.options.key?.map((name) => inDatabase(table, name)) ?? unique[0]?.columns ?? []
  const [key] = asked
  if (
    key !== undefined &&
    asked.length === 1 &&
    unique.some(({ columns }) => columns.length === 1 && columns[0] === key)
  ) {
    return key
  }
  throw problem(table, 'key', {
    code: 'key-not-unique',
    message:
      asked.length === 1
        ? `no unique index on the key ${String(key)} alone, so it does not identify a master row`
        : 'a master row is found by a key of one column, and the table has none',
    fix: "name it, as in table('blobs', { key: ['id'] }), and give it a unique index or make it the primary key",
  })
}

function inDatabase({ drizzle }: MysqlTableRef, name: string): string {
  return drizzle === undefined ? name : (drizzleColumns(drizzle).get(name)?.name ?? name)
}

/** Names of columns do not differ by case in MySQL. */
function findColumn(table: MysqlTableRef, columns: readonly MysqlColumn[], name: string): MysqlColumn {
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

function figureOf(
  { request: { of }, table }: Asked,
  columns: readonly MysqlColumn[],
): Pick<MysqlGroupColumn, 'value' | 'figure' | 'storedIn'> {
  if (of.kind === 'count') return { value: 'number', figure: 'count(*)' }
  const column = findColumn(table, columns, inDatabase(table, of.column))
  const name = `t.${identifier(column.name)}`
  const value = figureFacts(column, of.kind === 'stored' ? name : `${of.kind}(${name})`)
  const asNumber = of.kind === 'sum' || (of.kind === 'stored' && of.nullAsZero)
  if (value === undefined || (asNumber && value.kind !== 'number')) {
    throw problem(table, column.name, {
      code: 'column-unusable',
      message: `column ${column.name} is ${column.type}, of which there is no exact ${asNumber ? 'sum' : 'order'}`,
      fix: asNumber
        ? 'name an integer or decimal column'
        : 'name an integer, decimal, date, datetime or timestamp column',
    })
  }
  const stored = of.kind === 'stored' ? { storedIn: column.name } : {}
  return { value: value.kind, figure: asNumber ? `coalesce(${value.print}, 0)` : value.print, ...stored }
}

function unusableKey(table: MysqlTableRef, { name, type, collation }: MysqlColumn): ConfigError {
  const loose =
    collation === undefined ? '' : ` with the collation ${collation}, for which different texts (a and A) are one key`
  return problem(table, name, {
    code: collation === undefined ? 'column-unusable' : 'key-collation',
    message: `column ${name} is ${type}${loose}: its keys have no order that all engines share`,
    fix:
      collation === undefined
        ? 'use a key of integers, decimals without a fraction, texts, binary or uuid'
        : `ALTER TABLE ... MODIFY ${identifier(name)} ${type} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;`,
  })
}

/** The server says now, and not in mid-run, what is wrong with the filter or missing of rights. */
async function plan(session: Session, table: MysqlTableRef, column: MysqlGroupColumn): Promise<void> {
  try {
    await session.execute(sql.raw(`explain ${keysetStatement(column, { after: undefined, limit: 1 })}`))
  } catch (error) {
    const clear =
      error instanceof UnavailableError || (error instanceof ConfigError && error.code === 'permission-denied')
    if (clear || column.where === undefined) throw error
    throw problem(table, 'where', {
      code: 'where-invalid',
      message: 'the server does not understand the filter',
      fix: "write a condition over the table's own columns, as after WHERE",
      cause: error,
    })
  }
}

function problem(
  table: MysqlTableRef,
  option: string,
  what: { readonly code: string; readonly message: string; readonly fix: string; readonly cause?: unknown },
): ConfigError {
  return new ConfigError({
    ...what,
    key: `${table.name}.${option}`,
    message: `${what.message} (${table.database.label})`,
  })
}
