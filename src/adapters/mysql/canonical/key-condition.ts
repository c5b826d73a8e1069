import type { Row } from '../../../core/table.js'
import { identifier } from '../catalog/identifiers.js'
import { formedValue } from './expression.js'
import type { Formed } from './formed-rows.js'

/** A literal that the server compares by an index; `undefined` when no value of the column has this text. */
type Literal = (text: string, quote: (text: string) => string) => string | undefined

const NUMBER = /^-?\d{1,65}(\.\d{1,30})?$/

/**
 * A condition for the rows with these keys, through the key's index where its values can be written as the column has
 * them. It may hold for more rows (by collation), never for fewer; `undefined`: there can be none.
 */
export function keyCondition(
  key: readonly Formed[],
  keys: readonly Row[],
  quote: (text: string) => string,
): string | undefined {
  const sides = key.map(comparison)
  const conditions = keys.flatMap((values) => {
    const parts = sides.map(({ side, literal }, at) => {
      const written = literal(values[at] ?? '', quote)
      return written === undefined ? undefined : `${side} = ${written}`
    })
    return parts.includes(undefined) ? [] : [`(${parts.join(' and ')})`]
  })
  return conditions.length === 0 ? undefined : conditions.join(' or ')
}

function comparison({ column, form }: Formed): { readonly side: string; readonly literal: Literal } {
  const name = identifier(column.name)
  const asFormed = { side: formedValue(column, form), literal: quoted }
  switch (form.kind) {
    case 'number':
      return column.dataType === 'bit' ? asFormed : { side: name, literal: number }
    case 'text':
      return column.dataType === 'enum' || column.dataType === 'set' ? asFormed : { side: name, literal: quoted }
    case 'uuid':
      if (/binary$|blob$/.test(column.dataType)) return { side: name, literal: uuidBytes }
      // Of texts only a collation that does not tell cases apart finds them by the index.
      return isExact(column.collation) && column.dataType !== 'uuid' ? asFormed : { side: name, literal: quoted }
    case 'bytes':
      return { side: name, literal: bytes }
    default:
      return asFormed
  }
}

/** Equal only when written alike, but for spaces at the end. */
export function isExact(collation: string | undefined): boolean {
  return collation === undefined || /(^|_)(bin|binary)$/.test(collation)
}

const quoted: Literal = (text, quote) => quote(text)
const number: Literal = (text) => (NUMBER.test(text) ? text : undefined)
const bytes: Literal = (text) => (/^([0-9a-f]{2})*$/.test(text) ? `x'${text}'` : undefined)
const uuidBytes: Literal = (text) => bytes(text.replaceAll('-', ''), (same) => same)
