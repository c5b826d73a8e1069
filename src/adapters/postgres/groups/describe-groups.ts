import { sql } from 'drizzle-orm'
import type { GroupsRequest } from '../../../core/database.js'
import { ConfigError, UnavailableError } from '../../../core/errors.js'
import { nearMisses } from '../../sql/near-misses.js'
import { readTypes } from '../../sql/read-types.js'
import { badTableName, unusableRelation } from '../catalog/catalog-errors.js'
import {
  type CatalogColumn,
  type CatalogRelation,
  readColumns,
  readRelation,
  readUniqueIndexes,
} from '../catalog/catalog-queries.js'
import { drizzleColumnName, drizzleTableName } from '../catalog/drizzle-table.js'
import { parseTableName, quoteIdentifier, quoteQualified } from '../catalog/identifiers.js'
import { missingTable } from '../catalog/missing-table.js'
import { comesInOrder, planOf } from '../plan/plan.js'
import { estimateRows, hasIndex } from '../plan/table-facts.js'
import type { Session } from '../session/session.js'
import type { PostgresTableRef } from '../table-ref.js'
import { figureFacts, keyTypeOf, type PostgresGroupColumn } from './group-column.js'
import { keysetStatement } from './group-sql.js'
import { laneSettings } from './lane-settings.js'

/** A request, and which table of this adapter it is about. */
export interface Asked {
  readonly request: GroupsRequest
  readonly table: PostgresTableRef
}

/** Reads the catalog for one request; a `ConfigError` when it cannot be read as asked. */
export async function describeGroups(session: Session, asked: Asked): Promise<PostgresGroupColumn> {
  const { table, request } = asked
  const relation = await findRelation(session, table)
  const columns = await readColumns(session, relation.oid)
  const indexes = (await readUniqueIndexes(session, relation.oid)).filter((index) => index.unusable === undefined)
  const keyName = request.key === undefined ? ownKey(table, indexes) : inDatabase(table, request.key)
  const key = findColumn(table, columns, keyName)
  const type = keyTypeOf(key.facts)
  if (type === undefined) throw unusableKey(table, key)
  const name = `${relation.schema}.${relation.name}.${key.name}`
  const single = request.of.kind === 'stored'
  const rowKey = single ? [key.name] : (indexes[0]?.columns ?? [])
  const qualified = quoteQualified(relation.schema, relation.name)
  const found = await hasIndex(session, { relation, key: key.name, collated: type.collate })
  const described: PostgresGroupColumn = {
    label: `${table.database.label} ${name}`,
    name,
    order: type.order,
    ...figureOf(asked, columns),
    types: readTypes(columns, { ...request, key: key.name, named: (given) => inDatabase(table, given) }),
    estimatedRows: await estimateRows(session, relation),
    indexed: found,
    advice: undefined,
    rowKey,
    qualified,
    schemaName: relation.schema,
    oid: relation.oid,
    keyName: key.name,
    valueName: valueNameOf(asked, columns),
    collated: type.collate,
    key: `t.${quoteIdentifier(key.name)}${type.collate ? ' collate "C"' : ''}`,
    keyCast: type.cast,
    fits: type.fits,
    printKey: type.print,
    single,
    where: request.where,
  }
  await plan(session, table, described)
  // An index over the filter's rows alone is only known by its plan.
  const indexed = found || (request.where !== undefined && (await plansInOrder(session, described)))
  return { ...described, indexed, advice: indexed ? undefined : indexStatement(described) }
}

async function plansInOrder(session: Session, column: PostgresGroupColumn): Promise<boolean> {
  await session.execute(laneSettings('indexed'))
  return comesInOrder(await planOf(session, keysetStatement(column, { after: undefined, limit: 1 })))
}

async function findRelation(session: Session, table: PostgresTableRef): Promise<CatalogRelation> {
  const subject = { name: table.name, database: table.database.label }
  const named = table.drizzle === undefined ? parseTableName(table.name) : drizzleTableName(table.drizzle)
  if (named === undefined) throw badTableName(subject)
  const relation = await readRelation(session, named)
  if (relation === undefined) throw await missingTable(session, subject, named)
  const error = unusableRelation(subject, relation)
  if (error !== undefined) throw error
  return relation
}

function ownKey(table: PostgresTableRef, indexes: readonly { readonly columns: readonly string[] }[]): string {
  const asked = table.options.key?.map((name) => inDatabase(table, name)) ?? indexes[0]?.columns ?? []
  const [key] = asked
  const unique = indexes.some(({ columns }) => columns.length === 1 && columns[0] === key)
  if (key !== undefined && asked.length === 1 && unique) return key
  throw problem(table, 'key', {
    code: 'key-not-unique',
    message:
      asked.length === 1
        ? `no unique index on the key ${String(key)} alone, so it does not identify a master row`
        : 'a master row is found by a key of one column, and the table has none',
    fix: "name it, as in table('blobs', { key: ['id'] }), and give it a unique index or make it the primary key",
  })
}

function inDatabase({ drizzle }: PostgresTableRef, name: string): string {
  return drizzle === undefined ? name : drizzleColumnName(drizzle, name)
}

function findColumn(table: PostgresTableRef, columns: readonly CatalogColumn[], name: string): CatalogColumn {
  const found = columns.find((column) => column.name === name)
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
  columns: readonly CatalogColumn[],
): Pick<PostgresGroupColumn, 'value' | 'figure' | 'storedIn'> {
  if (of.kind === 'count') return { value: 'number', figure: 'count(*)' }
  const column = findColumn(table, columns, inDatabase(table, of.column))
  const name = `t.${quoteIdentifier(column.name)}`
  const raw = of.kind === 'stored' ? name : `${of.kind}(${name})`
  const value = figureFacts(column.facts, raw)
  const asNumber = of.kind === 'sum' || (of.kind === 'stored' && of.nullAsZero)
  if (value === undefined || (asNumber && value.kind !== 'number')) {
    throw problem(table, column.name, {
      code: 'column-unusable',
      message: `column ${column.name} is ${column.type}, of which there is no exact ${asNumber ? 'sum' : 'order'}`,
      fix: asNumber ? 'name an integer or numeric column' : 'name an integer, numeric, date or timestamp column',
    })
  }
  const stored = of.kind === 'stored' ? { storedIn: column.name } : {}
  return { value: value.kind, figure: asNumber ? `coalesce(${value.print}, 0)` : value.print, ...stored }
}

function unusableKey(table: PostgresTableRef, { name, type, facts }: CatalogColumn): ConfigError {
  const loose = facts.deterministic ? '' : ', with a collation for which different texts are equal'
  return problem(table, name, {
    code: 'column-unusable',
    message: `column ${name} is ${type}${loose}: its keys have no order that all engines share`,
    fix: facts.deterministic
      ? 'use a key of integers, numeric, uuid, text, varchar or bytea'
      : `ALTER TABLE ... ALTER COLUMN ${quoteIdentifier(name)} TYPE text COLLATE "C";`,
  })
}

/** What would bring the groups in order, with all that is read of a row. */
export function indexStatement({ qualified, keyName, valueName, collated, single }: PostgresGroupColumn): string {
  const key = `${quoteIdentifier(keyName)}${collated ? ' COLLATE "C"' : ''}`
  const value = valueName === undefined || single ? '' : `, ${quoteIdentifier(valueName)}`
  return `CREATE INDEX CONCURRENTLY ON ${qualified} (${key}${value});`
}

function valueNameOf({ request: { of }, table }: Asked, columns: readonly CatalogColumn[]): string | undefined {
  return of.kind === 'count' ? undefined : findColumn(table, columns, inDatabase(table, of.column)).name
}

/** The server says now, and not in mid-run, what is wrong with the filter or missing of rights. */
async function plan(session: Session, table: PostgresTableRef, column: PostgresGroupColumn): Promise<void> {
  try {
    await session.execute(sql`explain ${keysetStatement(column, { after: undefined, limit: 1 })}`)
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
  table: PostgresTableRef,
  option: string,
  what: { readonly code: string; readonly message: string; readonly fix: string; readonly cause?: unknown },
): ConfigError {
  return new ConfigError({
    ...what,
    key: `${table.name}.${option}`,
    message: `${what.message} (${table.database.label})`,
  })
}
