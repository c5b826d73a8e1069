import type { RepairColumn } from '../../../core/repair.js'
import { isCalendarText } from '../../sql/calendar-text.js'
import { isCleanText } from '../../sql/clean-text.js'
import { decimalProblem, fractionProblem, integerProblem, lengthProblem } from '../../sql/number-limits.js'
import type { PostgresColumn } from '../catalog/catalog.js'

type Given = RepairColumn['given']

const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int2: [-(2n ** 15n), 2n ** 15n - 1n],
  int4: [-(2n ** 31n), 2n ** 31n - 1n],
  int8: [-(2n ** 63n), 2n ** 63n - 1n],
  oid: [0n, 2n ** 32n - 1n],
}

/** A given text as the column takes it in. */
export function wantedText({ facts }: PostgresColumn, given: Given, text: string): string {
  if (given === 'native') return text
  if (facts.name === 'bytea') return `\\x${given.kind === 'uuid' ? text.replaceAll('-', '') : text}`
  if (facts.name === 'bool') return text === '1' ? 'true' : text === '0' ? 'false' : text
  return facts.name === 'timestamptz' ? `${text}+00` : text
}

/** Why the column cannot hold exactly this value; `undefined` when it can, as far as can be told here. */
export function wantedProblem(column: PostgresColumn, given: Given, text: string): string | undefined {
  if (!isCleanText(text)) return 'it holds a NUL character, which PostgreSQL has in no text'
  const { name, modifier } = column.facts
  const range = INTEGERS[name]
  if (range !== undefined) return integerProblem(text, ...range)
  switch (name) {
    case 'numeric':
      return numericProblem(text, modifier)
    case 'varchar':
      return modifier === -1 ? undefined : lengthProblem(text, modifier - 4)
    case 'bpchar':
      return paddedProblem(text, given, modifier)
    case 'time':
      return /^([01]\d|2[0-4]):/.test(text)
        ? fractionProblem(text, modifier === -1 ? 6 : modifier)
        : 'it is no time of day'
    case 'timestamp':
    case 'timestamptz':
      return fractionProblem(text, modifier === -1 ? 6 : modifier) ?? calendarProblem(text, given)
    case 'date':
      return calendarProblem(text, given)
    case 'bit':
      return text.length === modifier || given === 'native' ? undefined : `it has not ${modifier} bits`
    default:
      return given === 'native' ? undefined : formProblem(name, text)
  }
}

function numericProblem(text: string, modifier: number): string | undefined {
  if (/^(NaN|-?Infinity)$/.test(text)) return undefined
  if (modifier === -1) return /^-?\d+(\.\d+)?$/.test(text) ? undefined : 'it is no number in plain digits'
  const limits = modifier - 4
  // The scale has eleven bits, the highest of which is the sign.
  const scale = ((limits & 0x7ff) ^ 0x400) - 0x400
  return decimalProblem(text, { precision: (limits >> 16) & 0xffff, scale })
}

function paddedProblem(text: string, given: Given, modifier: number): string | undefined {
  if (given !== 'native' && text.endsWith(' ')) return 'it ends with spaces, which char(n) does not keep'
  return modifier === -1 ? undefined : lengthProblem(text, modifier - 4)
}

function calendarProblem(text: string, given: Given): string | undefined {
  return given === 'native' || isCalendarText(text) ? undefined : 'it is no day of the calendar'
}

const PATTERNS: Readonly<Record<string, RegExp>> = {
  bool: /^[01]$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  bytea: /^([0-9a-f]{2}|-)*$/,
  float4: /^(-?\d+(e-?\d+)?|NaN|-?Infinity)$/,
  float8: /^(-?\d+(e-?\d+)?|NaN|-?Infinity)$/,
  varbit: /^[01]*$/,
}

function formProblem(type: string, text: string): string | undefined {
  if (type === 'json' || type === 'jsonb') return isJson(text) ? undefined : 'it is no JSON'
  return PATTERNS[type]?.test(text) === false ? `it is no ${type}` : undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
