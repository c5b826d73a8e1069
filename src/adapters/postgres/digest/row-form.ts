import type { Row } from '../../../core/table.js'
import type { PostgresColumn, PostgresTableInfo } from '../catalog/catalog.js'
import type { Session } from '../session/session.js'

/** How rows are written and hashed: as PostgreSQL itself does, or so that other engines come to the same. */
export interface RowForm {
  /** Its columns are those of the rows, in their order. */
  readonly info: PostgresTableInfo
  /** See `Table.hashing`. */
  readonly hashing: string
  /** SQL for the 64-bit hash of a row. */
  readonly rowHash: string
  /** SQL for the index of the row's bucket among 2^depth. */
  bucketIndex(depth: number): string
  /** SQL for a value of a relation `table` as text; NULL for NULL. */
  printed(column: PostgresColumn, table: string): string
  /** See `Table.lookup`. */
  lookup(session: Session, keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]>
}
