import type { Form } from '../../../core/canonical.js'
import { isCalendarText } from '../../sql/calendar-text.js'
import type { PostgresColumn } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import { formedValue } from './expression.js'

/** How a key column is compared with canonical texts: by its own type where that can use the key's index. */
export interface KeyComparison {
  /** SQL of the column's side. */
  side(table: string): string
  /** SQL of the given text's side. */
  asked(value: string): string
  /** `false`: no value of the column has this text. */
  accepts(text: string): boolean
}

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int2: [-(2n ** 15n), 2n ** 15n - 1n],
  int4: [-(2n ** 31n), 2n ** 31n - 1n],
  int8: [-(2n ** 63n), 2n ** 63n - 1n],
  oid: [0n, 2n ** 32n - 1n],
}
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function keyComparison(column: PostgresColumn, form: Form, texts: readonly string[]): KeyComparison {
  const type = column.facts.name
  const own = (asked: (value: string) => string, accepts: (text: string) => boolean = () => true): KeyComparison => ({
    side: (table) => `${table}${quoteIdentifier(column.name)}`,
    asked,
    accepts,
  })
  const byText: KeyComparison = {
    side: (table) => formedValue(column, form, table),
    asked: (value) => value,
    accepts: () => true,
  }
  switch (form.kind) {
    case 'number':
      if (type === 'bool')
        return own(
          (value) => `(${value} = '1')`,
          (text) => text === '0' || text === '1',
        )
      return own((value) => `${value}::${type}`, type === 'numeric' ? isNumber : (text) => isWithin(text, RANGES[type]))
    case 'text':
      if (type === 'bpchar') return own((value) => `${value}::bpchar`)
      // A collation may take different texts for equal: then the index would find too much.
      return !form.padded && (type === 'text' || type === 'varchar') && column.facts.deterministic
        ? own((value) => value)
        : byText
    case 'uuid':
      return type === 'uuid'
        ? own(
            (value) => `${value}::uuid`,
            (text) => UUID.test(text),
          )
        : byText
    case 'bytes':
      return own(
        (value) => `pg_catalog.decode(${value}, 'hex')`,
        (text) => /^([0-9a-f]{2})*$/.test(text),
      )
    case 'date':
    case 'moment':
      // `infinity` and the like have no text that all agree on.
      if (!texts.every(isCalendarText)) return byText
      return own((value) => (type === 'timestamptz' ? `(${value} || '+00')::timestamptz` : `${value}::${type}`))
    default:
      return byText
  }
}

function isNumber(text: string): boolean {
  return /^-?\d{1,1000}(\.\d{1,1000})?$/.test(text)
}

function isWithin(text: string, range: readonly [bigint, bigint] | undefined): boolean {
  if (range === undefined || !/^-?\d{1,20}$/.test(text)) return false
  const value = BigInt(text)
  return value >= range[0] && value <= range[1]
}
