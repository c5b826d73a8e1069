/** A row as text, in the order of `TableSchema.columns`; `null` is SQL NULL. Text keeps every digit and microsecond. */
export type Row = readonly (string | null)[]

export interface Column {
  readonly name: string
  /** The database's own full type name, e.g. `numeric(20,0)`, `timestamp(6) with time zone`, `text[]`. */
  readonly type: string
  readonly nullable: boolean
  /** The database fills it when an insert leaves it out. */
  readonly hasDefault: boolean
}

/** The columns of a table that a flow reads, compares and writes. Generated and ignored columns are not among them. */
export interface TableSchema {
  /** With its schema, unquoted: `public.records`. */
  readonly name: string
  readonly columns: readonly Column[]
  /** Names of the columns that identify a row: covered by a unique index and NOT NULL. At least one. */
  readonly key: readonly string[]
  /** Column whose greater value is the newer row, when the user named one. */
  readonly version?: string
}

/**
 * A share of the key space: the keys whose 64-bit hash has `index` as its `depth` highest bits. Depth 0, index 0 is the
 * whole table. `depth` is at most 24.
 */
export interface Bucket {
  readonly depth: number
  readonly index: number
}

export const WHOLE_TABLE: Bucket = { depth: 0, index: 0 }

/** What a set of rows hashes to, independent of their order. Equal digests: equal rows, but for a 2^-64 accident. */
export interface Digest {
  readonly rows: bigint
  /** Sum of the row hashes, as the database gives it. Only comparable between tables with equal `hashing`. */
  readonly sum: bigint
}

/** Rows, and for each of them the index of the bucket it is in. */
export interface BucketRows {
  readonly rows: readonly Row[]
  readonly buckets: readonly number[]
}

/** How a pass goes over a table. */
export interface DigestOptions {
  readonly signal: AbortSignal
  /** How long each of its statements should take where it is read by ranges, in ms. Default 500. */
  readonly targetMs?: number | undefined
  /** In how many ranges at most, as each brings the sums of all buckets. Default: as many as there are target times in it. */
  readonly ranges?: number | undefined
  /** Called as it goes, with what is done of the table, in units of the table's own. Never called: nobody knows. */
  readonly told?: ((done: number, of: number) => void) | undefined
}

/** A table that can be digested and read. The contract suite is `test/contracts/table.ts`. */
export interface Table {
  readonly schema: TableSchema
  /** Where it is, without credentials, for messages: `postgres://host:5432/app public.records`. */
  readonly label: string
  /** Two tables whose `hashing` is equal give equal digests for equal rows. */
  readonly hashing: string

  /**
   * One pass over the buckets `within`, which do not overlap: the digest of each bucket of `depth` bits that has rows in
   * it, by index. `depth` is at least that of each bucket in `within`, or 0: one digest of all of them together. All of
   * it is read in one snapshot, in however many statements.
   */
  digests(within: readonly Bucket[], depth: number, options: DigestOptions): Promise<ReadonlyMap<number, Digest>>

  /** The rows in the buckets `within`, in no particular order, some thousand at a time. */
  scan(within: readonly Bucket[], signal: AbortSignal): AsyncIterable<readonly Row[]>

  /**
   * The same in ascending order of buckets, which are all of one depth: two tables read so can be matched bucket by
   * bucket in flat memory. The rows of a bucket are in no particular order.
   */
  scanInOrder(within: readonly Bucket[], signal: AbortSignal): AsyncIterable<BucketRows>

  /** The rows that have one of these keys (values of the key columns, in `schema.key` order) at this moment. */
  lookup(keys: readonly Row[], signal: AbortSignal): Promise<readonly Row[]>
}
