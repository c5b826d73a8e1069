import type { Form } from '../../../core/canonical.js'
import { isCalendarText } from '../../sql/calendar-text.js'
import { decimalProblem, fractionProblem, integerProblem, lengthProblem } from '../../sql/number-limits.js'
import type { Piece } from '../../sql/statement.js'
import type { MysqlColumn } from '../catalog/catalog-queries.js'
import { bytesValue, numberText, textValue } from './literal.js'

/** A text, in the form given, as the column takes it in. */
export function wantedValue({ dataType }: MysqlColumn, given: Form, text: string): Piece<unknown> {
  if (NUMBERS.test(dataType)) return numberText(text)
  if (dataType === 'bit') return given.kind === 'bits' ? `b'${bits(text)}'` : numberText(text)
  if (!BYTES.test(dataType)) return textValue(text)
  return bytesValue(given.kind === 'uuid' ? text.replaceAll('-', '') : text)
}

export const NUMBERS = /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double|year)$/
export const BYTES = /(binary|blob)$/

function bits(text: string): string {
  if (!/^[01]*$/.test(text)) throw new RangeError('these are no bits')
  return text
}

const BYTES_OF: Readonly<Record<string, number>> = { tinyint: 1, smallint: 2, mediumint: 3, int: 4, bigint: 8 }
const MOST_BYTES: Readonly<Record<string, number>> = { tiny: 2 ** 8, '': 2 ** 16, medium: 2 ** 24, long: 2 ** 32 }

/** Why the column cannot hold exactly this value; `undefined` when it can, as far as can be told here. */
export function wantedProblem(column: MysqlColumn, given: Form, text: string): string | undefined {
  const { dataType, type, scale } = column
  const size = Number(/\((\d+)/.exec(type)?.[1] ?? Number.POSITIVE_INFINITY)
  const width = BYTES_OF[dataType]
  if (width !== undefined) return integerProblem(text, ...rangeOf(BigInt(width * 8), /unsigned/.test(type)))
  if (BYTES.test(dataType)) return bytesProblem(dataType, given, { text, size })
  switch (dataType) {
    case 'decimal':
      if (/unsigned/.test(type) && text.startsWith('-')) return 'it is out of range'
      return decimalProblem(text, { precision: size, scale })
    case 'float':
    case 'double':
      return /^-?\d+(e-?\d+)?$/.test(text) ? undefined : 'it is no number that MySQL has'
    case 'year':
      return text === '0' ? undefined : integerProblem(text, 1901n, 2155n)
    case 'bit':
      return bitProblem(text, given, Number.isFinite(size) ? size : 1)
    case 'date':
      return isCalendarText(text) ? undefined : NO_DAY
    case 'datetime':
    case 'timestamp':
      return momentProblem(text, dataType) ?? fractionProblem(text, scale)
    case 'time':
      return /^-?\d{2,3}:[0-5]\d:[0-5]\d/.test(text) ? fractionProblem(text, scale) : 'it is no time of day'
    default:
      return textProblem(column, given, { text, size })
  }
}

const NO_DAY = 'it is no day of the calendar'

function rangeOf(bits: bigint, unsigned: boolean): readonly [bigint, bigint] {
  return unsigned ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
}

interface Sized {
  readonly text: string
  /** The number in the type's brackets. */
  readonly size: number
}

function bytesProblem(dataType: string, given: Form, { text, size }: Sized): string | undefined {
  const hex = given.kind === 'uuid' ? text.replaceAll('-', '') : text
  if (!/^([0-9a-f]{2})*$/.test(hex)) return 'these are no bytes'
  const bytes = hex.length / 2
  if (dataType === 'binary' && bytes !== size) return `it has not ${size} bytes`
  const most = Number.isFinite(size) ? size : (MOST_BYTES[dataType.replace('blob', '')] ?? 0) - 1
  return bytes > most ? `it has more than ${most} bytes` : undefined
}

function bitProblem(text: string, given: Form, size: number): string | undefined {
  if (given.kind !== 'bits') return integerProblem(text, 0n, 2n ** BigInt(size) - 1n)
  return /^[01]*$/.test(text) && text.length === size ? undefined : `it has not ${size} bits`
}

function momentProblem(text: string, dataType: string): string | undefined {
  if (!isCalendarText(text)) return NO_DAY
  const within = text >= '1970-01-01 00:00:01' && text < '2038-01-19 03:14:08'
  return dataType === 'timestamp' && !within ? 'it is out of range' : undefined
}

function textProblem(column: MysqlColumn, given: Form, { text, size }: Sized): string | undefined {
  const { dataType, type, collation } = column
  if (/\p{Surrogate}/u.test(text)) return 'it is no text in UTF-8'
  if (dataType === 'uuid') return UUID.test(text) ? undefined : 'it is no UUID'
  if (dataType === 'enum' || dataType === 'set') return memberProblem(dataType, type, text)
  if (dataType === 'char' && given.kind === 'text' && text.endsWith(' '))
    return 'it ends with spaces, which char(n) does not keep'
  if (collation === undefined) return undefined
  const most = (MOST_BYTES[dataType.replace('text', '')] ?? Number.POSITIVE_INFINITY) - 1
  if (/text$/.test(dataType) && Buffer.byteLength(text) > most) return `it has more than ${most} bytes`
  return charsetProblem(text, collation.split('_')[0] ?? '') ?? lengthProblem(text, size)
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function memberProblem(dataType: string, type: string, text: string): string | undefined {
  const members = new Set([...type.matchAll(/'((?:[^']|'')*)'/g)].map(([, name = '']) => name.replaceAll("''", "'")))
  const asked = dataType === 'enum' ? [text] : text.split(',')
  return text !== '' && !asked.every((name) => members.has(name))
    ? `it is none of the values of the ${dataType}`
    : undefined
}

/** Texts that certainly survive in each character set; of others those in ASCII. */
const SURVIVES: Readonly<Record<string, RegExp>> = {
  utf8mb4: /^/,
  utf8mb3: /^[\0-\uffff]*$/,
  utf8: /^[\0-\uffff]*$/,
  utf16: /^/,
  utf32: /^/,
  latin1: /^[\0-\x7f\xa0-\xff]*$/,
}
const ASCII = /^[\0-\x7f]*$/

function charsetProblem(text: string, charset: string): string | undefined {
  const survives =
    (SURVIVES[charset] ?? ASCII).test(text) &&
    !(charset.startsWith('utf8') && charset !== 'utf8mb4' && /[\u{10000}-\u{10ffff}]/u.test(text))
  return survives ? undefined : `it has characters that ${charset} may not have`
}
