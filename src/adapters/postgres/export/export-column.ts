import { Column } from 'drizzle-orm'
import type { DeclaredColumns, ValueDecoder } from '../../sql/drizzle-columns.js'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { JsonForm } from './json-text.js'

/** A column on its way out: under which name, and what becomes of the text that the server prints. */
export interface ExportedColumn {
  /** The property of the Drizzle table, or the name in the database. */
  readonly name: string
  readonly column: PostgresColumn
  /** How its text becomes JSON; `made`: the server makes the JSON. */
  readonly form: JsonForm | 'made'
  /** Its value for `map` comes as the JSON that the server makes. */
  readonly valueAsJson: boolean
  /** Makes a value of the text, or of the JSON, that is not NULL. */
  readonly value: (text: string) => unknown
}

/** What JSON makes of types; of all others that are built in, it makes a string of what they print. */
const FORMS: Readonly<Record<string, JsonForm>> = {
  bool: 'boolean',
  ...Object.fromEntries('int2 int4 int8 float4 float8 numeric'.split(' ').map((name) => [name, 'number'] as const)),
  json: 'json',
  jsonb: 'json',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
}
const STRINGS = new Set(
  `oid text varchar bpchar name uuid bytea date time timetz interval inet cidr macaddr macaddr8 bit varbit money xml
   pg_lsn xid8 tid`.split(/\s+/),
)

/** Types of which JavaScript's numbers, texts and truth values lose nothing. */
const NUMBERS = new Set('int2 int4 oid float4 float8'.split(' '))
/** Elements of arrays of which JSON.parse loses nothing. */
const EXACT_ARRAYS = new Set('_bool _int2 _int4 _oid _text _varchar _name _uuid _json _jsonb'.split(' '))
/** Drizzle would parse a JSON string once more, and make a number of `"123"`. */
const PARSED = new Set(['PgJson', 'PgJsonb'])

export function exportedColumns(info: PostgresTableInfo, declared: DeclaredColumns): readonly ExportedColumn[] {
  return info.columns.map((column) => {
    const drizzle = declared.get(column.name)
    const plain = plainValue(column)
    return {
      name: drizzle?.property ?? column.name,
      column,
      form: formOf(column),
      valueAsJson: isBuiltIn(column) && EXACT_ARRAYS.has(column.facts.name),
      value: drizzle === undefined ? plain : declaredValue(drizzle.decoder, plain),
    }
  })
}

/** SQL for what is printed of the row `t`. */
export function printedFor(use: 'json' | 'values' | 'text', { column, form, valueAsJson }: ExportedColumn): string {
  const value = `t.${quoteIdentifier(column.name)}`
  const made = use === 'json' ? form === 'made' : use === 'values' && valueAsJson
  return made ? `pg_catalog.to_json(${value})` : value
}

function formOf(column: PostgresColumn): JsonForm | 'made' {
  const { kind, name } = column.facts
  if (kind === 'enum') return 'string'
  if (!isBuiltIn(column)) return 'made'
  return FORMS[name] ?? (STRINGS.has(name) ? 'string' : 'made')
}

/** As Drizzle makes it of what its driver gives. */
function declaredValue(decoder: ValueDecoder, plain: (text: string) => unknown): (text: string) => unknown {
  const asItIs = decoder.mapFromDriverValue === Column.prototype.mapFromDriverValue
  if (asItIs || PARSED.has(decoder.columnType ?? '')) return plain
  return (text) => decoder.mapFromDriverValue(plain(text))
}

const same = (text: string): unknown => text
const json = (text: string): unknown => JSON.parse(text)

function plainValue(column: PostgresColumn): (text: string) => unknown {
  const { name } = column.facts
  if (!isBuiltIn(column)) return same
  if (name === 'bool') return (text) => text === 't'
  if (NUMBERS.has(name)) return Number
  return name === 'json' || name === 'jsonb' || EXACT_ARRAYS.has(name) ? json : same
}

function isBuiltIn({ facts }: PostgresColumn): boolean {
  return facts.schema === 'pg_catalog'
}
