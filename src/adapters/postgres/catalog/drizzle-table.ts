import { getTableColumns, is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import type { CatalogColumn } from './catalog-queries.js'
import type { TableName } from './identifiers.js'

export function isDrizzleTable(table: unknown): table is PgTable {
  return is(table, PgTable)
}

export function drizzleTableName(table: PgTable): TableName {
  const { schema, name } = getTableConfig(table)
  return { schema, table: name }
}

/** The column's name in the database, for its property in the Drizzle table (`lastSeen`) or that name itself. */
export function drizzleColumnName(table: PgTable, name: string): string {
  const columns = new Map(Object.entries(getTableColumns(table)))
  return columns.get(name)?.name ?? name
}

/** All that the Drizzle table declares, as the database calls them. */
export function drizzleColumnNames(table: PgTable): ReadonlySet<string> {
  return new Set(getTableConfig(table).columns.map(({ name }) => name))
}

/** In what the Drizzle table and the catalog differ, one finding per kind; empty when they agree. */
export function drizzleFindings(
  table: PgTable,
  catalog: readonly CatalogColumn[],
  ignored: ReadonlySet<string>,
): readonly string[] {
  const declared = new Map(getTableConfig(table).columns.map((column) => [column.name, column.getSQLType()]))
  const actual = new Map(catalog.map((column) => [column.name, column.type]))
  const missing = [...declared.keys()].filter((name) => !actual.has(name) && !ignored.has(name))
  const extra = [...actual.keys()].filter((name) => !declared.has(name) && !ignored.has(name))
  const differing = [...declared].flatMap(([name, type]) => {
    const other = actual.get(name)
    const same = other === undefined || ignored.has(name) || normalType(type) === normalType(other)
    return same ? [] : [`${name} is ${other}, not ${type}`]
  })
  return [
    ...(missing.length > 0 ? [`missing in the database: ${missing.join(', ')}`] : []),
    ...(extra.length > 0 ? [`missing in Drizzle: ${extra.join(', ')}`] : []),
    ...(differing.length > 0 ? [`of another type: ${differing.join(', ')}`] : []),
  ]
}

const ALIASES = new Map([
  ['serial', 'integer'],
  ['int', 'integer'],
  ['int4', 'integer'],
  ['bigserial', 'bigint'],
  ['int8', 'bigint'],
  ['smallserial', 'smallint'],
  ['int2', 'smallint'],
  ['bool', 'boolean'],
  ['float4', 'real'],
  ['float8', 'double precision'],
  ['decimal', 'numeric'],
  ['varchar', 'character varying'],
  ['char', 'character'],
  ['varbit', 'bit varying'],
  ['timestamp', 'timestamp without time zone'],
  ['timestamptz', 'timestamp with time zone'],
  ['time', 'time without time zone'],
  ['timetz', 'time with time zone'],
])

const SHAPE =
  /^(?<base>[^([]+?)\s*(?:\((?<modifier>[^)]*)\))?(?<rest>\s+with(?:out)? time zone)?(?<array>(?:\[\d*\])*)$/

/** One spelling for each type: `varchar(10)[3]` and `character varying(10)[]` are the same. */
export function normalType(type: string): string {
  const groups = SHAPE.exec(type.trim().toLowerCase())?.groups
  if (groups === undefined) return type
  const name = `${groups['base'] ?? ''}${groups['rest'] ?? ''}`.replaceAll(/\s+/g, ' ').replaceAll('"', '')
  const unqualified = name.slice(name.lastIndexOf('.') + 1)
  const base = ALIASES.get(unqualified) ?? unqualified
  const modifier = normalModifier(base, groups['modifier'])
  return `${base}${modifier}${groups['array'] === '' ? '' : '[]'}`
}

function normalModifier(base: string, modifier: string | undefined): string {
  const given = modifier?.replaceAll(/\s+/g, '')
  if (given === undefined) return base === 'character' || base === 'bit' ? '(1)' : ''
  // numeric(10) is numeric(10,0) in the catalog.
  return base === 'numeric' && !given.includes(',') ? `(${given},0)` : `(${given})`
}
