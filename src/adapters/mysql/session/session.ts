import type { SQL } from 'drizzle-orm'

/** A result row. Every value is text, but for the small integers that a query casts on purpose. */
export type ResultRow = Readonly<Record<string, unknown>>

export interface ExecuteOptions {
  /**
   * Client-side deadline in ms; when it passes the connection is destroyed. Default: the database's `statementMs` and a
   * margin, so that the server's own limit comes first.
   */
  readonly deadlineMs?: number
  /** Destroys the connection when it aborts. */
  readonly signal?: AbortSignal
  /** What the statement is for, in messages: `reading the catalog`. Default `a statement`. */
  readonly what?: string
}

/**
 * The one seam through which all SQL of this adapter goes: Drizzle over `mysql2`. Errors come translated
 * (`UnavailableError`, `DataError`, `ConfigError`), as said in errors.ts.
 */
export interface Session {
  execute<Result extends ResultRow>(query: SQL, options?: ExecuteOptions): Promise<readonly Result[]>
  /** The columns of what the query gives. */
  fields(query: SQL, options?: ExecuteOptions): Promise<readonly ResultField[]>
  /** Of an INSERT, UPDATE or DELETE: how many rows it found, also those that it left as they were. */
  change(query: SQL, options?: ExecuteOptions): Promise<number>
  /**
   * START TRANSACTION, `work`, COMMIT; ROLLBACK when `work` throws. Within a transaction it is a savepoint. A connection that is in doubt is destroyed, never
   * returned. `UnavailableError` `commit-unknown`: nobody knows whether it was committed.
   */
  transaction<Result>(work: (transaction: Session) => Promise<Result>, options?: TransactionOptions): Promise<Result>
}

/** A column of a result, as the server describes it. */
export interface ResultField {
  readonly name: string
  /** The protocol's number of the type. */
  readonly type: number
  /** MariaDB's own name of a type that the protocol has no number for: `uuid`. */
  readonly extended: string | undefined
  readonly flags: number
  /** Number of the character set; 63 is none: bytes. */
  readonly charset: number
  /** Digits after the point, or of the second. */
  readonly decimals: number
  readonly length: number
}

/** `deadlineMs`, `signal` and `what` are the defaults of each statement in the transaction. */
export interface TransactionOptions extends ExecuteOptions {
  readonly readOnly?: boolean
}
