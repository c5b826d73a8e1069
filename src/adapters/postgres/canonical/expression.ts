import { type Form, INLINE_BYTES } from '../../../core/canonical.js'
import type { PostgresColumn } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { printed } from '../digest/lookup.js'

/** SQL for a column's value as its form's text; NULL for NULL. `table` with a dot, or nothing. */
export function formedValue(column: PostgresColumn, form: Form, table = ''): string {
  const value = `${table}${quoteIdentifier(column.name)}`
  const type = column.facts.name
  switch (form.kind) {
    case 'number':
      if (type === 'bool') return `${value}::int4::text`
      return type === 'numeric' ? `pg_catalog.trim_scale(${value})::text` : `${value}::text`
    case 'float':
      return floatText(`${value}::float8`)
    case 'text':
      return form.padded && type !== 'bpchar' ? `pg_catalog.rtrim(${value}::text, ' ')` : `${value}::text`
    case 'uuid':
      if (type === 'uuid') return `${value}::text`
      return type === 'bytea' ? uuidText(`pg_catalog.encode(${value}, 'hex')`) : `pg_catalog.lower(${value}::text)`
    case 'moment':
      return cut(type === 'timestamptz' ? `(${value} at time zone 'UTC')::text` : `${value}::text`, form.fraction)
    case 'time':
      return cut(`${value}::text`, form.fraction)
    case 'bytes':
      return `pg_catalog.encode(${value}, 'hex')`
    case 'own':
      return printed(column, table === '' ? '' : table.slice(0, -1))
    default:
      return `${value}::text`
  }
}

/** SQL for what a column's value adds to the text that is hashed (core/canonical.ts). */
export function hashedValue(column: PostgresColumn, form: Form): string {
  const value = formedValue(column, form)
  const measured = form.kind === 'bytes' ? quoteIdentifier(column.name) : value
  const length = `pg_catalog.octet_length(${measured})`
  const short = `${length}::text || ':' || ${value}`
  const isLong = form.kind === 'text' || form.kind === 'bytes' || form.kind === 'own'
  const long = `${length}::text || '#' || pg_catalog.md5(${measured})`
  const hashed = isLong ? `case when ${length} <= ${INLINE_BYTES} then ${short} else ${long} end` : short
  return column.nullable ? `coalesce(${hashed}, '-')` : `(${hashed})`
}

/** The zeros at the end of the second's fraction are not printed. */
function cut(text: string, fraction: number): string {
  if (fraction >= 6) return text
  const point = `pg_catalog.strpos(${text}, '.')`
  const kept = `pg_catalog.substr(${text}, 1, ${point} + ${fraction})`
  // Before Christ there is a word after the digits, and no other database has it.
  return `case when ${point} = 0 or ${text} like '%BC' then ${text} else pg_catalog.rtrim(pg_catalog.rtrim(${kept}, '0'), '.') end`
}

function uuidText(hex: string): string {
  const parts = [
    [1, 8],
    [9, 4],
    [13, 4],
    [17, 4],
    [21, 99],
  ].map(([from, length]) => `pg_catalog.substr(${hex}, ${from}, ${length})`)
  return parts.join(` || '-' || `)
}

/**
 * The server prints the shortest digits that read back as the same value, with or without an exponent. From 2^53 on
 * servers disagree which those are when a shorter number lies just between two values, so they are written whole.
 */
function floatText(value: string): string {
  const size = `pg_catalog.abs(${value})`
  const text = `(case when ${size} >= 9007199254740992::float8 and ${size} < 9223372036854775808::float8 then ${value}::int8::text else ${value}::text end)`
  const mantissa = `pg_catalog.split_part(${text}, 'e', 1)`
  const exponent = `coalesce(nullif(pg_catalog.split_part(${text}, 'e', 2), '')::int4, 0)`
  const fraction = `pg_catalog.length(pg_catalog.split_part(${mantissa}, '.', 2))`
  const digits = `pg_catalog.translate(${mantissa}, '-.', '')`
  const kept = `pg_catalog.rtrim(${digits}, '0')`
  const power = `(${exponent} - ${fraction} + pg_catalog.length(${digits}) - pg_catalog.length(${kept}))`
  const sign = `case when ${value} < 0 then '-' else '' end`
  return `case when ${value} = 0 then '0' when ${text} in ('NaN', 'Infinity', '-Infinity') then ${text}
    else ${sign} || pg_catalog.ltrim(${kept}, '0') || 'e' || ${power}::text end`
}
