import { type Form, INLINE_BYTES } from '../../../core/canonical.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'

/** SQL for a column's value as its form's text; NULL for NULL. */
export function formedValue(column: MysqlColumn, form: Form): string {
  const value = identifier(column.name)
  switch (form.kind) {
    case 'number':
      return numberText(column)
    case 'float':
      return floatText(`(${value} + 0e0)`)
    case 'text':
      return form.padded ? `trim(trailing ' ' from ${utf8(value)})` : utf8(value)
    case 'uuid':
      return isBytes(column) ? uuidText(`lower(hex(${value}))`) : `lower(${utf8(value)})`
    case 'moment':
    case 'time':
      return cut(printed(value), Math.min(form.fraction, column.scale), column.scale)
    case 'bytes':
      return `lower(hex(${value}))`
    case 'bits':
      return `lpad(bin(${value} + 0), ${/\((\d+)\)/.exec(column.type)?.[1] ?? '1'}, '0')`
    default:
      return printed(value)
  }
}

/** SQL for what a column's value adds to the text that is hashed (core/canonical.ts). */
export function hashedValue(column: MysqlColumn, form: Form): string {
  const value = formedValue(column, form)
  const hashed = isLong(form) ? longPiece(column, form, value) : `concat(length(${value}), ':', ${value})`
  return column.nullable ? `if(${identifier(column.name)} is null, '-', ${hashed})` : hashed
}

function isLong({ kind }: Form): boolean {
  return kind === 'text' || kind === 'bytes' || kind === 'own'
}

function longPiece(column: MysqlColumn, { kind }: Form, value: string): string {
  const measured = kind === 'bytes' ? identifier(column.name) : value
  const length = `length(${measured})`
  return `if(${length} <= ${INLINE_BYTES}, concat(${length}, ':', ${value}), concat(${length}, '#', md5(${measured})))`
}

function isBytes({ dataType }: MysqlColumn): boolean {
  return /binary$|blob$/.test(dataType)
}

function printed(value: string): string {
  return `cast(${value} as char)`
}

function utf8(value: string): string {
  return `convert(${value} using utf8mb4)`
}

function numberText({ name, type, dataType, scale }: MysqlColumn): string {
  const value = identifier(name)
  // Printed as they are, these come with zeros in front, or as bytes.
  const plain = dataType === 'bit' || dataType === 'year' || /zerofill/.test(type) ? `(${value} + 0)` : value
  const text = printed(plain)
  return dataType === 'decimal' && scale > 0 ? withoutZeros(text) : text
}

function withoutZeros(text: string): string {
  return `trim(trailing '.' from trim(trailing '0' from ${text}))`
}

/** `scale` digits are printed, zeros at the end too. */
function cut(text: string, fraction: number, scale: number): string {
  if (scale === 0) return text
  if (fraction === 0) return `substring_index(${text}, '.', 1)`
  return withoutZeros(fraction === scale ? text : `left(${text}, locate('.', ${text}) + ${fraction})`)
}

function uuidText(hex: string): string {
  return [9, 14, 19, 24].reduce((text, at) => `insert(${text}, ${at}, 0, '-')`, hex)
}

/**
 * The server prints the shortest digits that read back as the same value, with or without an exponent. From 2^53 on
 * servers disagree which those are when a shorter number lies just between two values, so they are written whole.
 */
function floatText(value: string): string {
  const whole = `abs(${value}) >= 9007199254740992e0 and abs(${value}) < 9223372036854775808e0`
  const text = `if(${whole}, ${printed(`cast(${value} as signed)`)}, ${printed(value)})`
  const mantissa = `substring_index(${text}, 'e', 1)`
  const exponent = `if(locate('e', ${text}) = 0, 0, cast(substring_index(${text}, 'e', -1) as signed))`
  const point = `locate('.', ${mantissa})`
  const fraction = `if(${point} = 0, 0, length(${mantissa}) - ${point})`
  const digits = `replace(replace(${mantissa}, '-', ''), '.', '')`
  const kept = `trim(trailing '0' from ${digits})`
  const power = `${exponent} - ${fraction} + length(${digits}) - length(${kept})`
  return `if(${value} = 0, '0', concat(if(${value} < 0, '-', ''), trim(leading '0' from ${kept}), 'e', ${power}))`
}
