/** A table that random rows can be thrown into: what `load` needs of a database, and all it knows of it. */
export interface BulkTable {
  /** The label of the database, without credentials. */
  readonly database: string
  /** With its schema, unquoted: `public.records`. */
  readonly name: string

  /**
   * Makes `rows` rows of random values that fit the columns and inserts them in one statement and one transaction, all
   * or none. Resolves with how many came to be: fewer than `rows` only where a narrow unique column (a smallint, say)
   * already held a value. Throws `UnavailableError` when trying again may help, `DataError` when the table refuses what
   * its column types allow (a CHECK constraint).
   */
  insertRandom(rows: number, signal: AbortSignal): Promise<number>
}
