import type { GroupColumn } from '../../../core/groups.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { identifier } from '../catalog/identifiers.js'

/** How the keys of a column are grouped, compared and printed. */
export interface KeyType {
  readonly order: GroupColumn['order']
  /** `` t.`Body` ``, or what of it has the order of other engines. */
  readonly key: string
  /** What finds the rows of a key with an index; more may be found, which `key` then tells apart. */
  readonly match: string
  /** Prints the key `g.k` without commas. */
  readonly print: string
  /** A key as SQL text, to compare `key` or `match` with. */
  readonly literal: (text: string) => string
  readonly matchLiteral: (text: string) => string
  /** Keys that cannot be values of the column. */
  readonly fits: (text: string) => boolean
  /** An index on the column has its keys in this order. */
  readonly indexable: boolean
}

/** A request as the catalog has it, with the SQL it takes. */
export interface MysqlGroupColumn extends GroupColumn, KeyType {
  /** `` `app`.`MessageData` `` */
  readonly qualified: string
  /** Name of the index to read, quoted. */
  readonly index: string | undefined
  readonly table: { readonly schema: string; readonly name: string }
  readonly keyColumn: MysqlColumn
  /** What the figure is of, where that is not a count and not stored. */
  readonly valueColumn: MysqlColumn | undefined
  /** The columns of the primary key, which every index holds. */
  readonly primary: readonly MysqlColumn[]
  /** Some index begins with the column, in whatever order; and it holds the value too. */
  readonly found: boolean
  readonly holdsValue: boolean
  readonly figure: string
  /** Each key is in one row: nothing to group. */
  readonly single: boolean
  readonly where: string | undefined
}

const HEX_PRINT = 'lower(hex(g.k))'
const NUMBER = /^-?\d+$/

function hexOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex')
}

/** `undefined`: its order is not that of other engines, or of other columns. */
export function keyTypeOf(column: MysqlColumn): KeyType | undefined {
  const name = `t.${identifier(column.name)}`
  if (/^(tinyint|smallint|mediumint|int|bigint)$/.test(column.dataType)) return numberKey(name)
  if (column.dataType === 'decimal') return column.scale === 0 ? numberKey(name) : undefined
  if (column.dataType === 'uuid') return uuidKey(name)
  if (/^(binary|varbinary|tinyblob|blob|mediumblob|longblob)$/.test(column.dataType)) return bytesKey(name)
  return column.collation === undefined ? undefined : textKey(column, name, column.collation)
}

function numberKey(name: string): KeyType {
  const literal = (text: string): string => checked(text, NUMBER)
  const fits = (text: string): boolean => NUMBER.test(text)
  return {
    order: 'number',
    key: name,
    match: name,
    print: 'g.k',
    literal,
    matchLiteral: literal,
    fits,
    indexable: true,
  }
}

function bytesKey(name: string): KeyType {
  const literal = (text: string): string => `x'${checked(text, /^[0-9a-f]*$/)}'`
  const fits = (): boolean => true
  return {
    order: 'bytes',
    key: name,
    match: name,
    print: HEX_PRINT,
    literal,
    matchLiteral: literal,
    fits,
    indexable: true,
  }
}

/** MariaDB sorts them by their parts in another order than they are written. */
function uuidKey(name: string): KeyType {
  const literal = (text: string): string => `'${checked(text, /^[0-9a-f-]{36}$/)}'`
  const key = `lower(cast(${name} as char(36)))`
  const fits = (): boolean => true
  return { order: 'uuid', key, match: name, print: 'g.k', literal, matchLiteral: literal, fits, indexable: false }
}

/**
 * Only collations that tell all texts apart. Most of them still ignore spaces at the end, which a CHAR never has, and
 * sort control characters after the end of a text: then the bytes themselves are grouped.
 */
function textKey(column: MysqlColumn, name: string, collation: string): KeyType | undefined {
  if (!/_bin$/.test(collation)) return undefined
  const [charset = ''] = collation.split('_')
  const plain = /^(utf8mb4|utf8mb3|utf8|ascii)$/.test(charset)
  const exact = plain && (/_nopad_bin$|0900_bin$/.test(collation) || column.dataType === 'char')
  const bytes = plain ? `cast(${name} as binary)` : `cast(convert(${name} using utf8mb4) as binary)`
  const binary = (text: string): string => `x'${hexOf(text)}'`
  const matchLiteral = (text: string): string => `_utf8mb4 x'${hexOf(text)}'`
  const fits = (text: string): boolean => charset !== 'ascii' || /^[\0-\x7f]*$/.test(text)
  return {
    order: 'text',
    key: exact ? name : bytes,
    match: plain ? name : bytes,
    print: HEX_PRINT,
    literal: exact ? matchLiteral : binary,
    matchLiteral: plain ? matchLiteral : binary,
    fits,
    indexable: exact,
  }
}

function checked(text: string, pattern: RegExp): string {
  if (pattern.test(text)) return text
  throw new RangeError('a key of another kind than its column')
}

/** A value's kind, and how it is printed, without commas; `undefined`: it has no exact sum or order. */
export function figureFacts(
  column: MysqlColumn,
  value: string,
): { kind: GroupColumn['value']; print: string } | undefined {
  if (/^(tinyint|smallint|mediumint|int|bigint|decimal)$/.test(column.dataType)) return { kind: 'number', print: value }
  if (!/^(date|datetime|timestamp)$/.test(column.dataType)) return undefined
  return { kind: 'time', print: `date_format(${value}, '%Y-%m-%d %H:%i:%s.%f')` }
}
