import { sql } from 'drizzle-orm'
import type { Session } from '../session/session.js'
import type { UpsertStatement } from './upsert-statement.js'

/** Rows of one set of columns, as SQL text, in the order in which they are to be written. */
export interface EncodedRows {
  readonly statement: UpsertStatement
  /** For each row the index of the item it came from. */
  readonly items: readonly number[]
  /** `(1, 'a', null)` */
  readonly tuples: readonly string[]
  /** Bytes of each tuple, at most. */
  readonly sizes: readonly number[]
}

/** Bytes of a statement besides head, rows and tail. */
const MARGIN_BYTES = 1024
/** More does not make it faster, and is held three times on its way: as text, as bytes, in the socket. */
const USUAL_BYTES = 4 * 1024 * 1024

/** Bytes that the rows of a statement may have. */
export function roomFor({ head, tail }: UpsertStatement, maxPacketBytes: number): number {
  return maxPacketBytes - Buffer.byteLength(head) - Buffer.byteLength(tail) - MARGIN_BYTES
}

/** Writes the rows, or those at `places`, in as many statements as the server's limit asks for. */
export async function writeRows(
  transaction: Session,
  rows: EncodedRows,
  { maxPacketBytes, places }: { readonly maxPacketBytes: number; readonly places?: readonly number[] },
): Promise<void> {
  const { statement, sizes } = rows
  const room = Math.min(USUAL_BYTES, roomFor(statement, maxPacketBytes))
  const tuples = places === undefined ? rows.tuples : places.map((place) => rows.tuples[place] ?? '')
  let from = 0
  let bytes = 0
  for (let at = 0; at < tuples.length; at++) {
    const size = sizes[places?.[at] ?? at] ?? 0
    if (at > from && bytes + size > room) {
      await execute(transaction, statement, tuples.slice(from, at))
      from = at
      bytes = 0
    }
    bytes += size
  }
  if (from < tuples.length) await execute(transaction, statement, from === 0 ? tuples : tuples.slice(from))
}

async function execute(
  transaction: Session,
  { head, tail }: UpsertStatement,
  tuples: readonly string[],
): Promise<void> {
  await transaction.change(sql.raw(`${head}${tuples.join(',')}${tail}`))
}
