import { is } from 'drizzle-orm'
import { PgArray, PgDate, PgTimestamp } from 'drizzle-orm/pg-core'
import { type DrizzleColumn, isSqlValue } from '../../sql/drizzle-columns.js'
import type { PostgresColumn } from '../catalog/catalog.js'
import { dateText } from './date-text.js'
import { arrayText, type BinaryKind, type Element, type ValueKind, valueElement } from './value-text.js'

/** A column as rows carry it and as the statement names it. */
export interface UpsertColumn {
  /** Its name in `Values`. */
  readonly property: string
  readonly column: PostgresColumn
  readonly key: boolean
  /** Strings, numbers and booleans go to the server as they are. */
  readonly plain: boolean
  /** Its texts hold nothing that must be cleaned or escaped. */
  readonly clean: boolean
  /** How its values go where all of a batch can go as binary. */
  readonly binary: BinaryKind | undefined
  /** `undefined`: no value of this column. May throw on a value of the wrong type. */
  element(value: unknown): Element | undefined
  readonly insertDefault: (() => unknown) | undefined
  readonly updateDefault: (() => unknown) | undefined
}

/** For a table given by name: values are encoded by their JavaScript type. */
export function namedColumn(column: PostgresColumn, key: boolean): UpsertColumn {
  const kind = kindOf(column)
  return {
    property: column.name,
    column,
    key,
    plain: true,
    clean: false,
    binary: binaryKind(column),
    element: (value) => valueElement(value, kind),
    insertDefault: undefined,
    updateDefault: undefined,
  }
}

/** For a Drizzle table: values are encoded by its column first. */
export function declaredColumn(declared: DrizzleColumn, column: PostgresColumn, key: boolean): UpsertColumn {
  const kind = kindOf(column)
  const encode = encoderOf(declared.column)
  const { property, insertDefault, updateDefault, plain } = declared
  return {
    property,
    column,
    key,
    plain,
    clean: encode === encodeDate,
    // A column with an encoding of its own makes texts of its values.
    binary: plain || encode === encodeDate ? binaryKind(column) : undefined,
    element: (value) => {
      if (value === null || value === undefined) return null
      if (encode === encodeDate) return encodeDate(value)
      if (isSqlValue(value)) return undefined
      const encoded = plain ? value : encode(value)
      return isSqlValue(encoded) ? undefined : valueElement(encoded, kind)
    },
    insertDefault,
    updateDefault,
  }
}

function kindOf({ facts }: PostgresColumn): ValueKind {
  return { json: facts.schema === 'pg_catalog' && (facts.name === 'json' || facts.name === 'jsonb') }
}

function binaryKind({ facts: { schema, name } }: PostgresColumn): BinaryKind | undefined {
  if (schema !== 'pg_catalog') return undefined
  return name === 'int4' || name === 'timestamp' || name === 'timestamptz' ? name : undefined
}

type Encoder = (value: unknown) => unknown

/** Drizzle's own, but for what PostgreSQL would not read: dates before the year 1, dates and bytes within arrays. */
function encoderOf(column: DrizzleColumn['column']): Encoder {
  if (is(column, PgTimestamp) || is(column, PgDate)) return encodeDate
  if (is(column, PgArray)) {
    const element = encoderOf(column.baseColumn)
    return (value) => encodeArray(value, element)
  }
  return (value) => column.mapToDriverValue(value)
}

function encodeDate(value: unknown): string {
  const text = value instanceof Date ? dateText(value) : undefined
  if (text === undefined) throw new TypeError('not a valid Date')
  return text
}

function encodeArray(value: unknown, element: Encoder): string {
  if (!Array.isArray(value)) throw new TypeError('not an array')
  const text = arrayText(encodeElements(value, element), NOT_JSON)
  if (text === undefined) throw new TypeError('an element has no database value')
  return text
}

function encodeElements(values: readonly unknown[], element: Encoder): readonly unknown[] {
  return values.map((value) => {
    if (value === null || value === undefined) return null
    return Array.isArray(value) ? encodeElements(value, element) : element(value)
  })
}

const NOT_JSON: ValueKind = { json: false }
