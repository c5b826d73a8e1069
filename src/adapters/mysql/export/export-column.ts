import { Column } from 'drizzle-orm'
import type { DeclaredColumn, DeclaredColumns, ValueDecoder } from '../../sql/drizzle-columns.js'
import { jsonNumber, jsonString, storedJson } from '../../sql/export/json-text.js'
import type { RowColumn } from '../../sql/export/row-export.js'
import type { ReadableRows } from '../catalog/catalog.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'

/** A column on its way out, and the SQL that prints it. */
export interface MysqlExportColumn extends RowColumn<string> {
  readonly column: MysqlColumn
  /** SQL over the row `t`. */
  readonly expression: string
}

type Kind = 'integer' | 'big' | 'decimal' | 'float' | 'double' | 'bytes' | 'json' | 'text'

const KINDS: readonly (readonly [RegExp, Kind])[] = [
  [/^(tinyint|smallint|mediumint|int|year)$/, 'integer'],
  [/^(bigint|bit)$/, 'big'],
  [/^decimal$/, 'decimal'],
  [/^float$/, 'float'],
  [/^double$/, 'double'],
  [/binary$|blob$|^(geometry|geometrycollection|point|linestring|polygon|multi\w+|vector)$/, 'bytes'],
  [/^json$/, 'json'],
]

/** Of a Drizzle table, or select, those that it declares. */
export function exportedColumns(
  rows: Pick<ReadableRows, 'columns'>,
  declared: DeclaredColumns,
): readonly MysqlExportColumn[] {
  if (declared.size === 0) return rows.columns.map((column) => exportColumn(column, undefined))
  return rows.columns.flatMap((column) => {
    const drizzle = declared.get(column.name)
    return drizzle === undefined ? [] : [exportColumn(column, drizzle)]
  })
}

function exportColumn(column: MysqlColumn, drizzle: DeclaredColumn | undefined): MysqlExportColumn {
  const kind = KINDS.find(([pattern]) => pattern.test(column.dataType))?.[1] ?? 'text'
  const toText = TEXT[kind] ?? same
  const toValue = VALUE[kind] ?? toText
  return {
    column,
    name: drizzle?.property ?? column.name,
    type: column.type,
    expression: expressionOf(column, kind),
    text: toText,
    json: (raw) => JSON_OF[kind](toText(raw)),
    value: drizzle === undefined ? toValue : declaredValue(drizzle.decoder, kind),
  }
}

/** Printed as they are, zerofill has zeros in front, bits are bytes, and a float has six digits. */
function expressionOf({ name, dataType, type }: MysqlColumn, kind: Kind): string {
  const value = `t.${identifier(name)}`
  if (kind === 'float') return `(${value} + 0e0)`
  if (kind === 'bytes') return `lower(hex(${value}))`
  return dataType === 'bit' || dataType === 'year' || /zerofill/.test(type) ? `(${value} + 0)` : value
}

const same = (raw: string): string => raw

/** Bytes are written as Parquet and PostgreSQL read them. */
const TEXT: Partial<Record<Kind, (raw: string) => string>> = {
  bytes: (raw) => `\\x${raw}`,
  float: shortestFloat,
}

const JSON_OF: Readonly<Record<Kind, (text: string) => string>> = {
  integer: same,
  big: same,
  decimal: same,
  float: jsonNumber,
  double: jsonNumber,
  bytes: jsonString,
  json: storedJson,
  text: jsonString,
}

/** Where JavaScript would lose digits it stays text. */
const VALUE: Partial<Record<Kind, (raw: string) => unknown>> = {
  integer: Number,
  float: (raw) => Number(shortestFloat(raw)),
  double: Number,
  json: (raw): unknown => JSON.parse(raw),
}

/** As Drizzle makes it of what its driver gives. */
function declaredValue(decoder: ValueDecoder, kind: Kind): (raw: string) => unknown {
  const driverValue = kind === 'bytes' ? (raw: string) => Buffer.from(raw, 'hex') : (VALUE[kind] ?? same)
  // MariaDB has no type of its own for JSON, and Drizzle leaves it to the driver.
  if (decoder.columnType === 'MySqlJson') return (raw): unknown => JSON.parse(raw)
  if (decoder.mapFromDriverValue === Column.prototype.mapFromDriverValue) return driverValue
  return (raw) => decoder.mapFromDriverValue(driverValue(raw))
}

/** The server gives a float of 32 bits as one of 64; these are the fewest digits that are the same float. */
function shortestFloat(raw: string): string {
  const value = Number(raw)
  for (let digits = 6; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits))
    if (Math.fround(text) === value) return String(text)
  }
  return String(value)
}
