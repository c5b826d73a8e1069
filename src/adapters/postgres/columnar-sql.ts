import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { PostgresColumn } from './catalog.js'
import { ColumnarRows } from './columnar.js'
import { quoteIdentifier } from './identifiers.js'
import type { ResultRow } from './session.js'

const Count = z.object({ n: z.number() })
const Literal = z.string().nullable()

/**
 * The select list that reads rows as one row of array literals: `array_agg("id")::text as "c0", ..., count(*)::int4 as n`.
 * Read the result with `readColumnar`. `table` is an alias of the query's own, e.g. `t`.
 */
export function columnarSelect(columns: readonly PostgresColumn[], table?: string): SQL {
  const parts = columns.map((column, index) => `array_agg(${elementOf(column, table)})::text as "c${index}"`)
  return sql.raw([...parts, 'count(*)::int4 as "n"'].join(', '))
}

/** Rows of a result that was selected with `columnarSelect(columns)`. */
export function readColumnar(columns: readonly PostgresColumn[], row: ResultRow | undefined): ColumnarRows {
  const { n } = Count.parse(row ?? { n: 0 })
  return new ColumnarRows(
    columns.map((_, index) => Literal.parse(row?.[`c${index}`] ?? null)),
    n,
  )
}

/** A value as it is an element of the column's array literal. */
export function elementOf(column: PostgresColumn, table?: string): string {
  const name = table === undefined ? quoteIdentifier(column.name) : `${table}.${quoteIdentifier(column.name)}`
  return column.transport === 'native' ? name : `${name}::text`
}

/**
 * The rows as a relation `alias` with the columns' own names and types, one parameter per column:
 * `(select "u"."c0", "u"."c1"::"pg_catalog"."jsonb" from unnest($1::uuid[], $2::text[]) as u(...)) as alias`.
 * Column `n` is the row's place in the batch, from 1.
 */
export function unnestRows(columns: readonly PostgresColumn[], rows: ColumnarRows, alias: string): SQL {
  const parameters = columns.map((column, index) => {
    const type = column.transport === 'native' ? `${column.cast}[]` : 'text[]'
    return sql`${sql.param(rows.columns[index] ?? '{}')}::${sql.raw(type)}`
  })
  const names = columns.map((_, index) => `c${index}`)
  const list = columns.map((column, index) => {
    const value = column.transport === 'native' ? `u.c${index}` : `u.c${index}::${column.cast}`
    return `${value} as ${quoteIdentifier(column.name)}`
  })
  return sql`(select ${sql.raw(list.join(', '))}, u.n as lockstep_place from unnest(${sql.join(parameters, sql`, `)}) with ordinality as u(${sql.raw([...names, 'n'].join(', '))})) as ${sql.raw(alias)}`
}
