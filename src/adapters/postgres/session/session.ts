import type { SQL } from 'drizzle-orm'

/** A result row; every column is selected as text, or is one of the types `pg` parses without loss (int4, bool). */
export type ResultRow = Readonly<Record<string, unknown>>

export interface ExecuteOptions {
  /**
   * Client-side deadline in ms; when it passes the connection is destroyed. Default: the database's `statementMs` and a
   * margin, so that the server's own statement_timeout comes first. A longer one raises that timeout too.
   */
  readonly deadlineMs?: number
  /** Destroys the connection when it aborts. */
  readonly signal?: AbortSignal
  /** What the statement is for, in messages: `reading the catalog`. Default `a statement`. */
  readonly what?: string
}

/**
 * The one seam through which all SQL of this adapter goes: Drizzle's `sql` template over `pg`. Errors come translated
 * (`UnavailableError`, `DataError`, `ConfigError`), as said in errors.ts.
 */
export interface Session {
  execute<Result extends ResultRow>(query: SQL, options?: ExecuteOptions): Promise<readonly Result[]>
  /** The columns of what the query gives. */
  fields(query: SQL, options?: ExecuteOptions): Promise<readonly ResultField[]>
  /**
   * What `COPY (query) TO STDOUT` prints, in pieces of any size, as they come; the server waits while none is asked for.
   * `deadlineMs` is for all of it, at the server; a piece has ten minutes. Leaving the iteration before its end cuts the connection.
   */
  copy(query: string, options?: ExecuteOptions): AsyncIterable<Buffer>
  /**
   * BEGIN, `work`, COMMIT; ROLLBACK when `work` throws. Within a transaction it is a savepoint. A connection that is in
   * doubt is destroyed, never returned. `UnavailableError` `commit-unknown`: nobody knows whether it was committed.
   */
  transaction<Result>(work: (transaction: Session) => Promise<Result>, options?: TransactionOptions): Promise<Result>
}

/** A column of a result, as the server describes it. */
export interface ResultField {
  readonly name: string
  readonly typeOid: number
  /** -1: none. */
  readonly modifier: number
}

/** `deadlineMs`, `signal` and `what` are the defaults of each statement in the transaction. */
export interface TransactionOptions extends ExecuteOptions {
  readonly isolation?: 'read committed' | 'repeatable read'
  readonly readOnly?: boolean
}

/** One connection of its own, for a loop that runs all the time. Reconnects by itself on the next call after a loss. */
export interface Connection extends Session, AsyncDisposable {
  /**
   * How often it has connected so far; 0 before the first statement. A statement that finds it greater than before ran
   * on a new session, perhaps after a crash of the server, where what was learnt in the old one may not hold.
   */
  readonly generation: number
}
