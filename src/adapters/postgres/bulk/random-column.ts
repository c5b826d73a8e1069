import { isWide, type ValueShape, valueType } from './random-values.js'

/** A column that `load` fills. */
export interface RandomColumn extends ValueShape {
  readonly name: string
  /** Full type name as SQL, to cast to. */
  readonly sqlType: string
  readonly nullable: boolean
  /** One or more dimensions; values are made of one. */
  readonly array: boolean
  /** A domain is in the way; its constraints may forbid NULL within arrays. */
  readonly domain: boolean
}

/** One value in so many is NULL where it may be. */
const NULL_EVERY = 10
const NULL = 'NULL'

/** What an element of an array literal cannot hold without quotes; the empty text and the word NULL need them too. */
const NEEDS_QUOTES = /^$|^null$|["\\{},;\s]/i

/** The column's `rows` values as one array literal. */
export function randomColumn(column: RandomColumn, rows: number): string {
  const elements = column.array ? arrays(column, rows) : scalars(column, rows)
  return `{${(column.nullable ? withNulls(elements) : elements).join(',')}}`
}

/** The values can be sent as an array of the type itself; others go as text and are cast, which is slower. */
export function travelsNatively(column: RandomColumn): boolean {
  return !column.array && !column.domain && valueType(column)?.plain === true
}

/** Two rows never hold the same value by accident. An array may be empty. */
export function neverRepeats(column: RandomColumn): boolean {
  return !column.array && isWide(column)
}

function element(value: string): string {
  return NEEDS_QUOTES.test(value) ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : value
}

/** As elements of an array literal. */
function scalars(shape: ValueShape, count: number): string[] {
  const type = valueType(shape)
  if (type === undefined) return new Array<string>(count).fill(NULL)
  const values = type.make(count, shape)
  return type.plain === true ? values : values.map(element)
}

/** Zero to three elements each. */
function arrays(column: RandomColumn, count: number): string[] {
  const lengths = Array.from({ length: count }, () => Math.floor(Math.random() * 4))
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const made = scalars(column, total)
  const elements = column.domain ? made : withNulls(made)
  const delimiter = column.type === 'box' ? ';' : ','
  let start = 0
  return lengths.map((length) => {
    const part = elements.slice(start, start + length)
    start += length
    return element(`{${part.join(delimiter)}}`)
  })
}

function withNulls(elements: string[]): string[] {
  for (let index = Math.floor(Math.random() * NULL_EVERY); index < elements.length; index += NULL_EVERY) {
    elements[index] = NULL
  }
  return elements
}
