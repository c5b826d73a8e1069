import { Column, is, SQL, type SQLWrapper, Subquery } from 'drizzle-orm'
import { CasingCache } from 'drizzle-orm/casing'
import { z } from 'zod'
import { ConfigError } from '../../core/errors.js'
import type { DeclaredColumn, DeclaredColumns, ValueDecoder } from './drizzle-columns.js'

/** A select of Drizzle's query builder, of any dialect, whose columns are of one level; `Row` is what it gives. */
export interface DrizzleSelect<Row> extends SQLWrapper {
  readonly _: { readonly selectMode: 'single' | 'partial'; readonly result: readonly Row[] }
}

/** What telling a select of one database takes. */
export interface SelectEngine {
  /** For messages. */
  readonly label: string
  /** For messages: `PostgreSQL`. */
  readonly name: string
  /** Whether this is Drizzle's dialect of the engine. */
  isDialect(value: unknown): boolean
  /** A name as SQL text; throws a `RangeError` on what can be none. */
  quote(name: string): string
  /** A parameter as SQL text that means exactly this value under every setting; `undefined` when there is none. */
  literal(value: unknown): string | undefined
}

export interface QueryText {
  /** One SELECT without parameters. */
  readonly text: string
  /** The same for messages: `?` stands for what was a parameter. */
  readonly shown: string
  /** What Drizzle makes of the values; empty for a query in SQL. */
  readonly declared: DeclaredColumns
}

/** Shown of a query: a cursor takes no parameters on some engines, so that they become literals on all. */
export function queryText(query: unknown, engine: SelectEngine): QueryText {
  if (typeof query === 'string') return { text: query, shown: query, declared: new Map() }
  if (is(query, SQL)) {
    const casing = new CasingCache()
    return { text: textOf(query, casing, engine), shown: shownOf(query, casing, engine), declared: new Map() }
  }
  const { fields, sql, casing } = readSelect(query, engine)
  const declared = declaredFields(fields, engine)
  // Columns of two tables may have one name, and properties of the select are what the rows are to be called.
  const names = [...declared.keys()].map((name) => quoted(name, engine)).join(', ')
  const rows = engine.quote('lockstep_rows')
  return {
    text: `with ${rows} (${names}) as (\n${textOf(sql, casing, engine)}\n) select * from ${rows}`,
    shown: shownOf(sql, casing, engine),
    declared,
  }
}

const Fields = z.record(z.string(), z.unknown())
const Select = z.object({
  _: z.object({ config: z.object({ fields: Fields }) }),
  getSQL: z.custom<() => unknown>((value) => typeof value === 'function'),
})

interface ReadSelect {
  readonly fields: Readonly<Record<string, unknown>>
  readonly sql: SQL
  readonly casing: CasingCache
}

function readSelect(query: unknown, engine: SelectEngine): ReadSelect {
  const { success, data } = Select.safeParse(query)
  const dialect: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, 'dialect') : undefined
  if (!success || typeof dialect !== 'object' || dialect === null || !engine.isDialect(dialect)) {
    throw invalid(
      engine,
      `this is neither a SELECT nor a select of Drizzle's query builder of ${engine.name}`,
      'write the SELECT as a text, or hand in what select(...).from(...) returned',
    )
  }
  const sql = data.getSQL.call(query)
  const casing: unknown = Reflect.get(dialect, 'casing')
  if (!is(sql, SQL) || !is(casing, CasingCache)) throw new Error('this version of Drizzle builds its selects otherwise')
  return { fields: data._.config.fields, sql, casing }
}

function textOf(sql: SQL, casing: CasingCache, engine: SelectEngine): string {
  return rendered(sql, casing, engine, (value) => {
    const text = engine.literal(value)
    if (text !== undefined) return text
    const message = `a parameter of the select cannot be written as SQL: ${kindOf(value)}`
    throw invalid(
      engine,
      message,
      'give it as a text or a number, without placeholders, NaN, NUL and half surrogate pairs',
    )
  })
}

function shownOf(sql: SQL, casing: CasingCache, engine: SelectEngine): string {
  return rendered(sql, casing, engine, () => '?')
}

function rendered(sql: SQL, casing: CasingCache, engine: SelectEngine, parameter: (value: unknown) => string): string {
  const built = sql.toQuery({
    casing,
    escapeName: (name) => quoted(name, engine),
    escapeParam: (_, value) => parameter(value),
    escapeString: parameter,
  })
  return built.sql
}

function quoted(name: string, engine: SelectEngine): string {
  try {
    return engine.quote(name)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw invalid(engine, cause.message, 'give the column or table another name', cause)
  }
}

function declaredFields(fields: Readonly<Record<string, unknown>>, engine: SelectEngine): DeclaredColumns {
  return new Map(
    Object.entries(fields).map(([property, field]): [string, DeclaredColumn] => {
      const decoder = decoderOf(field)
      if (decoder !== undefined) return [property, { property, decoder }]
      const message = `${JSON.stringify(property)} of the select is not one column, but several`
      throw invalid(engine, message, 'name the columns, each by itself: select({ id: shop.id, city: city.name })')
    }),
  )
}

const Decoder = z.custom<ValueDecoder>(
  (value) =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, 'mapFromDriverValue') === 'function',
)

function decoderOf(field: unknown): ValueDecoder | undefined {
  if (is(field, Column)) return field
  if (is(field, SQL.Aliased)) return decoderOf(field.sql)
  if (is(field, Subquery)) return decoderOf(field._.sql)
  return is(field, SQL) ? Decoder.safeParse(Reflect.get(field, 'decoder')).data : undefined
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`
  return Array.isArray(value) ? 'an array' : `an object (${value.constructor?.name ?? 'without a class'})`
}

function invalid(engine: SelectEngine, message: string, fix: string, cause?: unknown): ConfigError {
  return new ConfigError({ code: 'query-invalid', key: 'query', message: `${message} (${engine.label})`, fix, cause })
}
