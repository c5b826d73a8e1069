import type { QueryOptions, ReadOptions, TableRef } from '../../core/database.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError, LockstepError } from '../../core/errors.js'
import { nearMisses } from './near-misses.js'

/** Characters of a query that messages show. */
const SHOWN = 60

/** `query (select day, count(*) from orders group by ...)` */
export function queryName(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return `query (${line.length > SHOWN ? `${line.slice(0, SHOWN)}...` : line})`
}

export async function diagnoseQuery(
  query: Required<Pick<TableRef, 'openCanonical' | 'name' | 'database' | 'options'>>,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const subject = `${query.database.label} ${query.name}`
  try {
    const { schema } = await query.openCanonical(signal, { keyless: query.options.key === undefined })
    return [{ level: 'ok', subject, message: `the server gives ${schema.columns.length} columns` }]
  } catch (error) {
    if (error instanceof ConfigError) return [{ level: 'error', subject, message: error.problem, fix: error.fix }]
    if (error instanceof LockstepError) return [{ level: 'error', subject, message: error.message }]
    throw error
  }
}

/** Which tables a query reads is between it and the server. */
export function queryGrants({ database, name }: Pick<TableRef, 'database' | 'name'>, role: string): GrantList {
  return { database: database.label, statements: [`-- ${role} needs SELECT on each table of this: ${name}`] }
}

/** Which query of which database a message is about. */
export interface QuerySubject {
  readonly name: string
  readonly database: string
}

interface Chosen<Column> {
  readonly used: readonly Column[]
  readonly key: readonly Column[]
}

/** The columns that are compared, and those of the key. Throws `ConfigError` when the options do not fit the query. */
export function chosenColumns<Column extends { readonly name: string }>(
  all: readonly Column[],
  subject: QuerySubject,
  { options, reading }: { readonly options: QueryOptions; readonly reading: ReadOptions },
): Chosen<Column> {
  const { key = [], ignore = [] } = options
  const names = all.map(({ name }) => name)
  if (all.length === 0) throw queryInvalid(subject, 'the query has no columns')
  if (new Set(names).size < names.length) throw queryInvalid(subject, 'two columns of the query have the same name')
  for (const name of [...ignore, ...key]) if (!names.includes(name)) throw unknownColumn(subject, name, names)
  const used = all.filter(({ name }) => !ignore.includes(name))
  if (reading.keyless === true) return { used, key: used }
  if (key.length === 0) throw keyMissing(subject)
  const columns = key.flatMap((name) => used.filter((column) => column.name === name))
  if (columns.length < key.length) throw queryInvalid(subject, 'a column of the key is in ignore')
  return { used, key: columns }
}

export function queryInvalid(subject: QuerySubject, message: string, cause?: unknown): ConfigError {
  return new ConfigError({
    code: 'query-invalid',
    key: subject.name,
    message: `${message} (${subject.database})`,
    fix: 'try the SELECT by hand; each column needs a name of its own, which AS gives',
    cause,
  })
}

function unknownColumn(subject: QuerySubject, name: string, known: readonly string[]): ConfigError {
  const near = nearMisses(name, known)
  return new ConfigError({
    code: 'column-missing',
    key: subject.name,
    message: `the query has no column ${name} (${subject.database})`,
    fix: near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'name a column of the query',
  })
}

function keyMissing(subject: QuerySubject): ConfigError {
  return new ConfigError({
    code: 'key-missing',
    key: subject.name,
    message: `nothing says what identifies a row of the query (${subject.database})`,
    fix: "name the columns it is grouped by: query('select ...', { key: ['day'] }); or compare without a key (key: 'none')",
  })
}
