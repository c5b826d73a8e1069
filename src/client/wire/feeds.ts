/** A published feed. */
export interface Feed {
  readonly name: string
  readonly sequence: number
  readonly publishedAt: string
  readonly format: string
  readonly compression: string
  readonly rows: number
  readonly bytes: number
  readonly files: number
  /** Rows that `map` left out, and rows that could not be published as they are. */
  readonly skipped: number
  readonly rejected: number
  /** Label of the store. */
  readonly store: string
}

export interface FeedDetail extends Omit<Feed, 'files'> {
  readonly files: readonly FeedFile[]
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly descriptor: string | null
}

export interface FeedFile {
  readonly name: string
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
}

/** The newest feed read again, whole. */
export interface FeedReport {
  readonly manifest: string
  readonly store: string
  readonly rows: number
  readonly bytes: number
  readonly files: number
  /** None: every file is whole and as it was written. */
  readonly problems: readonly { readonly file: string; readonly problem: string }[]
}
