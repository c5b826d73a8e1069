/** A published feed as its store lists it; `null` where its manifest cannot be read. */
export interface Feed {
  readonly sequence: number
  /** The one that readers take. */
  readonly newest: boolean
  /** Name of the manifest in its store. */
  readonly manifest: string
  /** Where, without credentials. */
  readonly store: string
  readonly publishedAt: string | null
  readonly rows: number | null
  readonly bytes: number | null
  readonly files: number | null
  /** Rows that could not be published as they are. */
  readonly rejected: number | null
  /** Of an increment: sequence of the feed with all rows that it adds to. */
  readonly addsTo: number | null
  /** None: the manifest is as it was written, and every file is there with its size. */
  readonly problems: readonly FeedProblem[]
}

export interface FeedProblem {
  readonly file: string
  readonly problem: string
}

export interface FeedDetail {
  readonly name: string
  readonly sequence: number
  /** Of the attempt that published it: id of the report of its run, where that is kept. */
  readonly run: string
  readonly manifest: string
  readonly store: string
  readonly publishedAt: string
  readonly format: string
  readonly compression: string
  readonly rows: number
  readonly bytes: number
  /** Rows that `map` left out, and rows that could not be published as they are. */
  readonly skipped: number
  readonly rejected: number
  readonly files: readonly FeedFile[]
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  /** Of an increment: sequence of the feed with all rows that it adds to. */
  readonly addsTo: number | null
  /** What readers of another kind look for. */
  readonly descriptor: string | null
}

export interface FeedFile {
  readonly name: string
  readonly rows: number
  /** As stored. */
  readonly bytes: number
  readonly sha256: string
}

/** One run of a feed flow, as it is kept. */
export interface FeedRun {
  /** `FeedDetail.run` of the feed that it published. */
  readonly id: string
  readonly flow: string
  readonly feed: string
  readonly store: string
  /** `refused`: what was read is not fit to be published. `unchanged`: the newest feed is still right. */
  readonly outcome: 'published' | 'unchanged' | 'refused' | 'stopped' | 'failed'
  readonly startedAt: string
  readonly endedAt: string
  /** Of the feed that it published, or found to be still right. */
  readonly sequence: number | null
  /** Rows that were read, left out by `map`, and rejected. */
  readonly read: number
  readonly skipped: number
  readonly rejected: number
  /** Of the files that it wrote, whether they were published or not. */
  readonly rows: number
  readonly bytes: number
  readonly files: number
  readonly error: { readonly code: string; readonly message: string } | null
}

/** What a run rejected, and why. */
export interface FeedReport extends FeedRun {
  /** Columns that the keys are of. */
  readonly keyColumns: readonly string[]
  /** The most frequent first. A row that is wrong in two ways is under two of them. */
  readonly reasons: readonly FeedRejection[]
  /** What was wrong beyond those reasons. */
  readonly others: number
}

export interface FeedRejection {
  readonly code: string
  readonly reason: string
  /** Rows that have it. */
  readonly count: number
  /** Of the first of them. */
  readonly keys: readonly (readonly (string | null)[])[]
}
