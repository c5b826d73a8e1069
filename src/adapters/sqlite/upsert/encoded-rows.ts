import type { InValue } from '@libsql/client'
import type { CallOptions, Statements } from '../session/session.js'
import type { UpsertSql } from './upsert-sql.js'

/** Rows of one table with the same columns, ready to be sent. */
export interface EncodedRows {
  readonly sql: UpsertSql
  /** How many. */
  readonly columns: number
  /** For each row the index of the rowset it came from. */
  readonly items: readonly number[]
  readonly values: readonly (readonly InValue[])[]
}

/** More parameters in a statement make it slower, not faster; SQLite takes 32,766. */
const PARAMETERS = 1_000

/** Writes the rows at `places`, or all, in their order. */
export async function upsertRows(
  transaction: Statements,
  { sql, columns, values }: EncodedRows,
  { places, options }: { readonly places?: readonly number[]; readonly options: CallOptions },
): Promise<void> {
  const rows = places === undefined ? values : places.flatMap((place) => values.slice(place, place + 1))
  const size = Math.max(1, Math.floor(PARAMETERS / columns))
  for (let at = 0; at < rows.length; at += size) {
    const chunk = rows.slice(at, at + size)
    const text = `${sql.head}${chunk.map(() => sql.row).join(', ')}${sql.tail}`
    await transaction.execute(text, chunk.flat(), options)
  }
}
