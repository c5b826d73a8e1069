import { Column } from 'drizzle-orm'
import type { DeclaredColumn, DeclaredColumns, ValueDecoder } from '../../sql/drizzle-columns.js'
import { jsonString } from '../../sql/export/json-text.js'
import type { RowColumn } from '../../sql/export/row-export.js'
import type { StoredValue } from '../canonical/stored-values.js'
import type { SqliteColumn } from '../catalog/catalog-queries.js'

/** As stored, and not NULL. Which type a value has it says itself, whatever its column is declared as. */
export type Stored = Exclude<StoredValue, null>

/** A column on its way out, and its name in the database. */
export type SqliteExportColumn = RowColumn<Stored> & { readonly stored: string }

/** Of a Drizzle table, or select, those that it declares. */
export function exportedColumns(
  columns: readonly SqliteColumn[],
  declared: DeclaredColumns,
): readonly SqliteExportColumn[] {
  if (declared.size === 0) return columns.map((column) => exportColumn(column, undefined))
  return columns.flatMap((column) => {
    const drizzle = declared.get(column.name)
    return drizzle === undefined ? [] : [exportColumn(column, drizzle)]
  })
}

function exportColumn({ name, type }: SqliteColumn, drizzle: DeclaredColumn | undefined): SqliteExportColumn {
  return {
    stored: name,
    name: drizzle?.property ?? name,
    type: type === '' ? 'any' : type,
    text,
    json: (raw) => (isNumber(raw) ? text(raw) : jsonString(text(raw))),
    value: drizzle === undefined ? plainValue : declaredValue(drizzle.decoder),
  }
}

function text(raw: Stored): string {
  return raw instanceof ArrayBuffer ? `\\x${Buffer.from(raw).toString('hex')}` : String(raw)
}

/** Of JSON: whether it is a number there. */
function isNumber(raw: Stored): boolean {
  return typeof raw === 'bigint' || (typeof raw === 'number' && Number.isFinite(raw))
}

/** Where JavaScript would lose digits it is text. */
function plainValue(raw: Stored): unknown {
  if (raw instanceof ArrayBuffer) return text(raw)
  return typeof raw === 'bigint' ? integer(raw) : raw
}

function integer(raw: bigint): number | string {
  const number = Number(raw)
  return Number.isSafeInteger(number) ? number : String(raw)
}

/** As Drizzle makes it of what its driver gives. */
function declaredValue(decoder: ValueDecoder): (raw: Stored) => unknown {
  const driverValue = (raw: Stored): unknown => {
    if (raw instanceof ArrayBuffer) return Buffer.from(raw)
    return typeof raw === 'bigint' ? integer(raw) : raw
  }
  if (decoder.mapFromDriverValue === Column.prototype.mapFromDriverValue) return driverValue
  return (raw) => decoder.mapFromDriverValue(driverValue(raw))
}
