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
