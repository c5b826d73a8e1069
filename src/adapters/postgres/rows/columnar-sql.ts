import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { PostgresColumn } from '../catalog/catalog.js'
import { quoteIdentifier } from '../catalog/identifiers.js'
import type { ResultRow } from '../session/session.js'
import { ColumnarRows } from './columnar.js'

const Count = z.number()
const Literal = z.string().nullable()

/** The name of the last column of `unnestRows`: a row's place in its batch, from 1. */
export const PLACE = 'lockstep place'

/**
 * The select list that reads rows as one row of array literals, and how many they are:
 * `array_agg(t."id")::text as "t0", ..., count(*)::int4 as "tn"`. Read the result with `readColumnar`. `alias` is the
 * query's own name for the table; several may be selected side by side.
 */
export function columnarSelect(columns: readonly PostgresColumn[], alias = 't'): SQL {
  const parts = columns.map((column, index) => `array_agg(${elementOf(column, alias)})::text as "${alias}${index}"`)
  return sql.raw([...parts, `count(*)::int4 as "${alias}n"`].join(', '))
}

/** The rows of a result that was selected with `columnarSelect(columns, alias)`. */
export function readColumnar(
  columns: readonly PostgresColumn[],
  row: ResultRow | undefined,
  alias = 't',
): ColumnarRows {
  const literals = columns.map((_, index) => Literal.parse(row?.[`${alias}${index}`] ?? null))
  return new ColumnarRows(literals, Count.parse(row?.[`${alias}n`] ?? 0))
}

/** A value as it is an element of the column's array literal. */
export function elementOf(column: PostgresColumn, alias: string): string {
  const name = `${alias}.${quoteIdentifier(column.name)}`
  return column.transport === 'native' ? name : `${name}::text`
}

/** `unnest($1::uuid[], $2::text[])`: one parameter per column, whatever the number of rows. */
export function unnest(columns: readonly PostgresColumn[], rows: ColumnarRows): SQL {
  const parameters = columns.map((column, index) => {
    const type = column.transport === 'native' ? `${column.cast}[]` : 'text[]'
    return sql`${sql.param(rows.columns[index] ?? '{}')}::${sql.raw(type)}`
  })
  return sql`unnest(${sql.join(parameters, COMMA)})`
}

/** `u.c0, u.c1::"pg_catalog"."jsonb"`: the values of `unnest(...) as u(c0, c1)` in the columns' own types. */
export function unnestedValues(columns: readonly PostgresColumn[]): readonly string[] {
  return columns.map((column, index) => (column.transport === 'native' ? `u.c${index}` : `u.c${index}::${column.cast}`))
}

/** `c0, c1` */
export function unnestedNames(columns: readonly PostgresColumn[]): string {
  return columns.map((_, index) => `c${index}`).join(', ')
}

/** The rows as a relation `alias` with the columns' names and types, and their `PLACE`. */
export function unnestRows(columns: readonly PostgresColumn[], rows: ColumnarRows, alias: string): SQL {
  const values = unnestedValues(columns).map(
    (value, index) => `${value} as ${quoteIdentifier(columns[index]?.name ?? '')}`,
  )
  const list = [...values, `u.place as ${quoteIdentifier(PLACE)}`].join(', ')
  const names = sql.raw(`${unnestedNames(columns)}, place`)
  return sql`(select ${sql.raw(list)} from ${unnest(columns, rows)} with ordinality as u(${names})) as ${sql.raw(alias)}`
}

const COMMA = sql.raw(', ')
