import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { QueryOptions, ReadOptions } from '../../../core/database.js'
import { chosenColumns, queryInvalid } from '../../sql/query.js'
import type { Session } from '../session/session.js'
import type { ReadableRows } from './catalog.js'
import { isClear, type Subject } from './catalog-errors.js'
import type { MysqlColumn } from './catalog-queries.js'
import { identifier } from './identifiers.js'
import { columnOf } from './result-column.js'

export interface QueryRequest {
  /** One SELECT, to be put in parentheses. */
  readonly text: string
  readonly subject: Subject
  readonly options: QueryOptions
  readonly reading: ReadOptions
}

/** What a query gives, as the server describes it. Throws `ConfigError` when it does not understand the query. */
export function describeQuery(session: Session, request: QueryRequest, signal: AbortSignal): Promise<ReadableRows> {
  const options = { what: 'describing a query', readOnly: true, signal }
  return session.transaction((transaction) => describe(transaction, request), options)
}

async function describe(session: Session, { text, subject, options, reading }: QueryRequest): Promise<ReadableRows> {
  const query = `(\n${text}\n)`
  const source = reading.where === undefined ? query : `(select * from ${query} q where (\n${reading.where}\n))`
  const all = await columnsOf(session, subject, source)
  const { used, key } = chosenColumns(all, subject, { options, reading })
  const keyless = reading.keyless === true
  const known = keyless ? key : await withCollations(session, source, key)
  const columns = used.map((column) => known.find(({ name }) => name === column.name) ?? column)
  const rows = { name: subject.name, source, columns, key: known, target: undefined, required: [] }
  return { ...rows, identity: keyless ? 'none' : 'claimed' }
}

async function columnsOf(session: Session, subject: Subject, source: string): Promise<readonly MysqlColumn[]> {
  const fields = await session.fields(sql.raw(`select * from ${source} t limit 0`)).catch((error: unknown) => {
    throw isClear(error)
      ? error
      : queryInvalid(subject, 'the server does not understand the query or its filter', error)
  })
  return fields.map(columnOf)
}

const Collations = z.array(z.record(z.string(), z.string().nullable()))

/** A result is described in the connection's character set; how its texts are compared only they say. */
async function withCollations(
  session: Session,
  source: string,
  columns: readonly MysqlColumn[],
): Promise<readonly MysqlColumn[]> {
  if (columns.every(({ collation }) => collation === undefined)) return columns
  const list = columns.map(({ name }, at) => `collation(${identifier(name)}) as c${at}`).join(', ')
  const [found] = Collations.parse(await session.execute(sql.raw(`select ${list} from ${source} t limit 1`)))
  return columns.map((column, at) =>
    column.collation === undefined ? column : { ...column, collation: found?.[`c${at}`] ?? undefined },
  )
}
