import type { Sink } from './sink.js'
import type { Source } from './source.js'
import type { Bucket, Row, Table } from './table.js'

/** A table whose changes can be followed and which can take the changes of another: what `sync` needs of both sides. */
export interface MirrorTable extends Table {
  /** The same table with the values of its rows in the order of these columns, which are all that its schema has. */
  ordered(columns: readonly string[]): MirrorTable
  changes(options: ChangeOptions): ChangeSource
  writer(options: WriterOptions): Sink<Row>
}

/** A share of the keys, which one process at a time follows and writes. */
export interface KeyLane {
  /** `2/4`: the second of four. */
  readonly name: string
  readonly bucket: Bucket
}

export interface ChangeOptions {
  readonly flow: string
  /** Only changes of keys in these, each with a position of its own. Left out: of all keys, with one position. */
  readonly lanes?: readonly KeyLane[]
  /** Where to begin when no position is saved: with what is committed from now on (default), or with all rows. */
  readonly from?: 'now' | 'beginning'
  /** Told about things a person may want to know: who holds back the horizon, a full reread, a finished sweep. */
  notice(notice: { level: 'info' | 'warn'; code: string; message: string }): void
  /** Called when rows may have been passed over, after all that could be have been committed: compare the tables. */
  uncertain(): void
}

/** The committed changes of a table, each at least once; what the table's own `writer` wrote is no change. */
export interface ChangeSource extends Source<Row> {
  caughtUp(signal: AbortSignal): Promise<void>
  /**
   * Resolves once the source has noted where it stands: every row committed later will come as a change, so a
   * comparison that starts now misses nothing.
   */
  started(signal: AbortSignal): Promise<void>
}

/** What to do with a row whose key the other side already has with other values. */
export type ConflictRule =
  /** Both stay as they are. */
  | 'keep-both'
  /** This table's row stays. */
  | 'keep-existing'
  /** The row that comes in wins. */
  | 'take-incoming'
  /** The row with the greater `TableSchema.version` wins; equal versions are `keep-both`. */
  | 'newest'

export interface WriterOptions {
  readonly flow: string
  readonly rule: ConflictRule
  /** Called after commit with the number of conflicts that the batch met; they are recorded in the table's database. */
  conflicts(count: number, decision: string): void
}
