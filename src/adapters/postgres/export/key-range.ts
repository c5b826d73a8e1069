import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import { quoteIdentifier, quoteLiteral } from '../catalog/identifiers.js'
import type { ExecuteOptions, Session } from '../session/session.js'

/** The key of a row, each value as the server prints it. */
type Key = readonly string[]

/** Rows behind the first key, up to and with the second one. */
export interface KeyRange {
  /** `undefined`: from the first row. */
  readonly after: Key | undefined
  /** `undefined`: to the last row. */
  readonly upTo: Key | undefined
}

const Border = z.array(z.record(z.string(), z.string()))

/**
 * The key of the row that stands `rows` rows behind `after`, in the transaction's snapshot; `undefined` when there are fewer up to `upTo`. It is found in
 * the key's index, and what is read afterwards is named by it, never counted.
 */
export async function keyBehind(
  session: Session,
  { info, after, upTo, rows }: KeyRange & { readonly info: PostgresTableInfo; readonly rows: number },
  options: ExecuteOptions,
): Promise<Key | undefined> {
  const list = columnsOf(info).map((name, at) => `${name}::text as c${at}`)
  const range = rangeClause(info, { after, upTo })
  const statement = `select ${list.join(', ')} from ${info.source} t ${range} offset ${rows - 1} limit 1`
  const [found] = Border.parse(await session.execute(sql.raw(statement), options))
  return found === undefined ? undefined : list.map((_, at) => found[`c${at}`] ?? '')
}

/** WHERE and ORDER BY for rows of `info.source t`. */
export function rangeClause(info: PostgresTableInfo, { after, upTo }: KeyRange): string {
  const names = columnsOf(info).join(', ')
  const conditions = [
    ...(after === undefined ? [] : [`(${names}) > (${literals(info, after)})`]),
    ...(upTo === undefined ? [] : [`(${names}) <= (${literals(info, upTo)})`]),
  ]
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')} `
  return `${where}order by ${names}`
}

export function columnsOf({ keyColumns }: PostgresTableInfo): readonly string[] {
  return keyColumns.map(({ name }) => `t.${quoteIdentifier(name)}`)
}

/** A key may come from a queue. */
function literals({ keyColumns }: PostgresTableInfo, key: Key): string {
  if (key.length !== keyColumns.length) throw new RangeError('a border of a range is no key of the table')
  return keyColumns.map(({ cast }, at) => `${quoteLiteral(key[at] ?? '')}::${cast}`).join(', ')
}
