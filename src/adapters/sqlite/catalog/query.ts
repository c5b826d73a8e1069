import type { QueryOptions, ReadOptions } from '../../../core/database.js'
import { UnavailableError } from '../../../core/errors.js'
import { chosenColumns } from '../../sql/query.js'
import type { SqliteSession } from '../session/session.js'
import { problem, type ReadableRows } from './catalog.js'
import type { SqliteColumn } from './catalog-queries.js'

export interface QueryRequest {
  /** One SELECT, to be put in parentheses. */
  readonly text: string
  readonly name: string
  readonly label: string
  readonly options: QueryOptions
  readonly reading: ReadOptions
}

/** What a query gives, as SQLite describes it: types are known of plain columns only. Throws `ConfigError`. */
export async function describeQuery(
  session: SqliteSession,
  request: QueryRequest,
  signal: AbortSignal,
): Promise<ReadableRows> {
  const { text, name, options, reading } = request
  const all = await columnsOf(session, request, signal)
  const { used, key } = chosenColumns(all, { name, database: request.label }, { options, reading })
  return {
    name,
    columns: used,
    key: key.map((column) => column.name),
    required: [],
    query: text,
    where: reading.where,
    identity: reading.keyless === true ? 'none' : 'claimed',
  }
}

async function columnsOf(
  session: SqliteSession,
  request: QueryRequest,
  signal: AbortSignal,
): Promise<readonly SqliteColumn[]> {
  const { where = 'true' } = request.reading
  const text = `select * from (\n${request.text}\n) q where (\n${where}\n) limit 0`
  const described = await session.execute(text, [], { what: 'describing a query', signal }).catch((error: unknown) => {
    if (error instanceof UnavailableError) throw error
    throw problem(request, {
      code: 'query-invalid',
      option: 'query',
      message: 'SQLite does not understand the query or its filter',
      fix: 'try the SELECT by hand; each column needs a name of its own, which AS gives',
      cause: error,
    })
  })
  return described.columns.map(({ name, type }) => ({ name, type, notnull: 0, hasDefault: 0, pk: 0, hidden: 0 }))
}
