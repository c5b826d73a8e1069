import type { Row } from './table.js'

/** One run of a feed flow, as it is kept. Which rows it rejected is asked for apart, as there may be many. */
export interface FeedRun {
  /** Of its last attempt: part of the names of its files and in the manifest, so that a feed leads to its run. */
  readonly id: string
  readonly flow: string
  /** How its files begin. */
  readonly feed: string
  /** Where, without credentials. */
  readonly store: string
  readonly outcome: FeedOutcome
  /** ISO 8601, UTC, by the clock of the process that ran it. */
  readonly startedAt: string
  readonly endedAt: string
  /** Of the feed that it published, or found to be still right; `undefined`: neither. */
  readonly sequence: number | undefined
  /** Rows that were read, and of these: left out by `map`, and rejected as they could not be published. */
  readonly read: number
  readonly skipped: number
  readonly rejected: number
  /** Of the files that it wrote, whether they were published or not. */
  readonly rows: number
  readonly bytes: number
  readonly files: number
  /** Why it ended without a feed, or what failed after it: code and message, without row values. */
  readonly error: { readonly code: string; readonly message: string } | undefined
}

/**
 * `unchanged`: the newest feed is still right, and nothing was published. `refused`: what was read is not fit to be
 * published, and the feed before stays. `stopped`: it was asked to. `failed`: anything else.
 */
export type FeedOutcome = 'published' | 'unchanged' | 'refused' | 'stopped' | 'failed'

/** What a run rejected, and why: what a validator of a feed has to say. */
export interface FeedReport extends FeedRun {
  /** Columns that the keys below are of; none where nothing identifies a row. */
  readonly keyColumns: readonly string[]
  /** The most frequent first. A row that is wrong in two ways is under two of them. */
  readonly reasons: readonly RejectionReason[]
  /** What was wrong beyond those reasons, of which only so many different ones are kept. */
  readonly others: number
}

export interface RejectionReason {
  readonly code: string
  /** With the path of the field where there is one, without values of the row. */
  readonly reason: string
  /** Rows that have it. */
  readonly count: number
  /** Of the first of them, in the order in which they were read; long values are cut. */
  readonly keys: readonly Row[]
}

export interface FeedRunPage {
  readonly flow: string
  /** Default 50. */
  readonly limit?: number
  /** The last run of the page before. */
  readonly before?: Pick<FeedRun, 'id' | 'startedAt'>
}

/**
 * Runs of feeds and what they rejected. The contract suite is `test/contracts/feed-run-store.ts`. Who writes has prepared the
 * state tables; reading never does, and tables that are not there yet hold nothing.
 */
export interface FeedRunStore {
  /** Keeps a run that has ended, and of its flow the newest `keepRuns` with it. Repeatable; the last one counts. */
  save(report: FeedReport, keepRuns: number): Promise<void>
  /** Newest first, by `startedAt`, then `id`. */
  list(page: FeedRunPage): Promise<readonly FeedRun[]>
  get(flow: string, id: string): Promise<FeedReport | undefined>
}
