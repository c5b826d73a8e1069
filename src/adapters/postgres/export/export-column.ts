import { Column } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { drizzleColumns } from '../../sql/drizzle-columns.js'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'

/** A column on its way out: under which name, and what `map` gets of it. */
export interface ExportedColumn {
  /** The property of the Drizzle table, or the name in the database. */
  readonly name: string
  readonly column: PostgresColumn
  /** Its value may travel as JSON and come out of `JSON.parse` as it is meant; else it travels as text. */
  readonly asJson: boolean
  /** Makes a value of what `JSON.parse` gave, which is not null; left out where that is the value. */
  readonly decode?: (value: unknown) => unknown
}

/** Types of which JavaScript's own JSON loses nothing, also as elements of an array. */
const EXACT = 'bool int2 int4 oid text varchar bpchar name uuid json jsonb'.split(' ')
/** Infinity and NaN come as strings. */
const FLOATS = ['float4', 'float8']
const AS_JSON = new Set([...EXACT, ...FLOATS, ...EXACT.filter((name) => name !== 'bpchar').map((name) => `_${name}`)])

/** Drizzle would parse a JSON string once more, and make a number of `"123"`. */
const PARSED = new Set(['PgJson', 'PgJsonb'])

export function exportedColumns(info: PostgresTableInfo, table: PgTable | undefined): readonly ExportedColumn[] {
  const declared = new Map(
    table === undefined ? [] : [...drizzleColumns(table).values()].map((column) => [column.name, column]),
  )
  return info.columns.map((column) => {
    const drizzle = declared.get(column.name)
    const decode = drizzle === undefined ? plainDecode(column) : drizzleDecode(drizzle.column)
    return {
      name: drizzle?.property ?? column.name,
      column,
      asJson: isBuiltIn(column) && AS_JSON.has(column.facts.name),
      ...(decode === undefined ? {} : { decode }),
    }
  })
}

function drizzleDecode(column: Column): ((value: unknown) => unknown) | undefined {
  const plain = column.mapFromDriverValue === Column.prototype.mapFromDriverValue
  if (plain || PARSED.has(column.columnType)) return undefined
  return (value) => column.mapFromDriverValue(value)
}

function plainDecode({ facts }: PostgresColumn): ((value: unknown) => unknown) | undefined {
  if (!FLOATS.includes(facts.name)) return undefined
  return (value) => (typeof value === 'string' ? Number(value) : value)
}

function isBuiltIn({ facts }: PostgresColumn): boolean {
  return facts.schema === 'pg_catalog'
}

/** Types that print no line end, whatever the value; `json` prints what was put in. */
const SINGLE_LINE = new Set(
  `bool int2 int4 int8 oid float4 float8 numeric text varchar bpchar name uuid bytea date time timetz timestamp timestamptz
   interval inet cidr macaddr macaddr8 bit varbit jsonb`.split(/\s+/),
)

/** Whether the JSON of a row has no line end; those within strings are always escaped. */
export function isSingleLine({ column }: ExportedColumn): boolean {
  return column.facts.kind === 'enum' || (isBuiltIn(column) && SINGLE_LINE.has(column.facts.name))
}
