import type { ExportRange } from '../../../core/export.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'
import { bytesValue, textValue } from '../repair/literal.js'

/** A column of the key: how the row `t` is ordered by it, how it is printed, and what is printed as SQL again. */
export interface KeyColumn {
  readonly side: string
  readonly print: string
  readonly literal: (text: string) => string
}

export function keyColumnOf({ name, dataType, type }: MysqlColumn): KeyColumn {
  const side = `t.${identifier(name)}`
  // Those of a list are in the order of their places in it, and bits in that of their number.
  if (/^(enum|set|bit)$/.test(dataType)) return { side: `(${side} + 0)`, print: `(${side} + 0)`, literal: number }
  if (/^(float|double)$/.test(dataType)) return { side, print: `(${side} + 0e0)`, literal: number }
  if (/binary$|blob$/.test(dataType)) return { side, print: `lower(hex(${side}))`, literal: bytes }
  const isNumber = /^((tiny|small|medium|big)?int|decimal|year)$/.test(dataType)
  if (!isNumber) return { side, print: side, literal: (text) => textValue(text).literal }
  return { side, print: dataType === 'year' || /zerofill/.test(type) ? `(${side} + 0)` : side, literal: number }
}

/** A condition for the rows of the range; a border may come from a queue. */
export function rangeCondition(key: readonly KeyColumn[], { after, upTo }: ExportRange): string {
  const conditions = [
    ...(after === undefined ? [] : [beyond(key, literals(key, after))]),
    ...(upTo === undefined ? [] : [`not ${beyond(key, literals(key, upTo))}`]),
  ]
  return conditions.length === 0 ? 'true' : conditions.join(' and ')
}

/** Behind the border, which is SQL for each column of the key; row constructors would not use the index. */
export function beyond(key: readonly KeyColumn[], border: readonly string[]): string {
  const ways = key.map(({ side }, at) => {
    const same = key.slice(0, at).map((other, before) => `${other.side} = ${border[before]}`)
    return `(${[...same, `${side} > ${border[at]}`].join(' and ')})`
  })
  return `(${ways.join(' or ')})`
}

function literals(key: readonly KeyColumn[], border: readonly string[]): readonly string[] {
  if (border.length !== key.length) throw new RangeError('a border of a range is no key of the table')
  return key.map(({ literal }, at) => literal(border[at] ?? ''))
}

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/

function number(text: string): string {
  if (!NUMBER.test(text)) throw new RangeError('a border of a range is no number')
  return text
}

function bytes(text: string): string {
  return bytesValue(text).literal
}
