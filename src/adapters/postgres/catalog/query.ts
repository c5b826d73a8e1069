import { sql } from 'drizzle-orm'
import type { QueryOptions, ReadOptions } from '../../../core/database.js'
import { chosenColumns, queryInvalid } from '../../sql/query.js'
import type { Session } from '../session/session.js'
import { type PostgresColumn, type PostgresTableInfo, toPostgresColumn } from './catalog.js'
import { isClear, type Subject } from './catalog-errors.js'
import { readTypes } from './catalog-queries.js'

export interface QueryRequest {
  /** One SELECT, to be put in parentheses. */
  readonly text: string
  readonly subject: Subject
  readonly options: QueryOptions
  readonly reading: ReadOptions
}

/** What a query gives, as the server describes it. Throws `ConfigError` when it does not understand the query. */
export function describeQuery(
  session: Session,
  request: QueryRequest,
  signal: AbortSignal,
): Promise<PostgresTableInfo> {
  return session.transaction((transaction) => describe(transaction, request), {
    isolation: 'repeatable read',
    readOnly: true,
    what: 'describing a query',
    signal,
  })
}

async function describe(
  session: Session,
  { text, subject, options, reading }: QueryRequest,
): Promise<PostgresTableInfo> {
  const query = `(\n${text}\n)`
  const source = reading.where === undefined ? query : `(select * from ${query} q where (\n${reading.where}\n))`
  const all = await columnsOf(session, subject, source)
  const { used, key } = chosenColumns(all, subject, { options, reading })
  const keyless = reading.keyless === true
  return {
    schema: {
      name: subject.name,
      columns: used.map(({ name, type, nullable, hasDefault }) => ({ name, type, nullable, hasDefault })),
      key: key.map(({ name }) => name),
    },
    oid: '0',
    schemaName: '',
    tableName: '',
    qualified: query,
    source,
    identity: keyless ? 'none' : 'claimed',
    columns: used,
    keyColumns: key,
    versionColumn: undefined,
    required: [],
    fingerprint: '',
  }
}

async function columnsOf(session: Session, subject: Subject, source: string): Promise<readonly PostgresColumn[]> {
  const fields = await session.fields(sql.raw(`select * from ${source} t limit 0`)).catch((error: unknown) => {
    throw isClear(error)
      ? error
      : queryInvalid(subject, 'the server does not understand the query or its filter', error)
  })
  const types = await readTypes(session, fields)
  return fields.map(({ name }, at) => {
    const { type, facts } = types[at] ?? unknownType(name)
    return toPostgresColumn({
      name,
      type,
      facts,
      notNull: false,
      hasDefault: false,
      generated: false,
      identity: 'none',
    })
  })
}

function unknownType(column: string): never {
  throw new Error(`the server did not describe the type of ${column}`)
}
