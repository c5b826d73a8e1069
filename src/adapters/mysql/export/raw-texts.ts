import type { RawRow } from '../../sql/export/row-export.js'

/** The session has all values as text; numbers that the client has parsed all the same are safe integers or doubles. */
export function textsOf(row: readonly unknown[]): RawRow<string> {
  return row.map((value) =>
    typeof value === 'string' || value === null || value === undefined ? (value ?? null) : String(value),
  )
}
