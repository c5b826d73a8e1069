import { type SQL, sql } from 'drizzle-orm'
import { ConfigError } from '../../../core/errors.js'

/** What PostgreSQL keeps of a name; it cuts longer ones in silence, so that they then mean another object. */
const MAX_BYTES = 63

/** A name from the catalog as SQL text. Throws on what can be no name: empty, with a NUL, of more than 63 bytes. */
export function quoteIdentifier(name: string): string {
  const problem = identifierProblem(name)
  if (problem !== undefined) throw new RangeError(`not a PostgreSQL name: ${problem}`)
  return `"${name.replaceAll('"', '""')}"`
}

/** Any type takes its own text as a quoted literal. The `E` form means the same under every `standard_conforming_strings`. */
export function quoteLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''")
  return text.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}

/** Why `name` cannot be a name; `undefined` when it can. */
export function identifierProblem(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name.includes('\0')) return 'it holds a NUL character'
  if (new TextEncoder().encode(name).length > MAX_BYTES) return `it is longer than ${MAX_BYTES} bytes`
  return undefined
}

/** `"schema"."table"` */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

/** A name for a `sql` template. */
export function identifier(name: string): SQL {
  return sql.raw(quoteIdentifier(name))
}

/** Names with commas in between, for a `sql` template. */
export function identifiers(names: readonly string[]): SQL {
  return sql.raw(names.map(quoteIdentifier).join(', '))
}

export interface TableName {
  /** `undefined`: the first on the search path that has the table. */
  readonly schema: string | undefined
  readonly table: string
}

const PART = '(?:"((?:[^"]|"")+)"|([^".]+))'
const NAME = new RegExp(`^(?:${PART}\\.)?${PART}$`, 'u')

/**
 * Reads `records`, `public.records` and, for names with dots or quotes in them, `"odd.schema"."my ""table"""`.
 * Upper and lower case are kept as written. `undefined` when it is none of these.
 */
export function parseTableName(text: string): TableName | undefined {
  const match = NAME.exec(text)
  if (match === null) return undefined
  const [, quotedSchema, plainSchema, quotedTable, plainTable] = match
  const schema = quotedSchema?.replaceAll('""', '"') ?? plainSchema
  const table = quotedTable?.replaceAll('""', '"') ?? plainTable
  if (table === undefined || identifierProblem(table) !== undefined) return undefined
  if (schema !== undefined && identifierProblem(schema) !== undefined) return undefined
  return { schema, table }
}

export function quotedRole(role: string): string {
  const problem = identifierProblem(role)
  if (problem === undefined) return quoteIdentifier(role)
  const message = `this is not the name of a role: ${problem}`
  throw new ConfigError({ code: 'option-invalid', key: 'role', message, fix: 'name the role that the flows log in as' })
}
