/** Rows on their way into a file, in the shape that the format writes; they can be cut between any two. */
export interface Page<Self> {
  readonly rows: number
  /** The first `rows` rows, and the others. */
  cut(rows: number): readonly [Self, Self]
}

export interface FileFacts {
  /** As stored. */
  readonly bytes: number
  /** Of the bytes as stored. */
  readonly sha256: string
}

/** Which of the files of a feed it is, and what all of them have in common. */
export interface Shard {
  /** From 0. */
  readonly number: number
  readonly total: number
  readonly generation: Generation
}

/** What tells one publication from every other, where readers have no sequence. */
export interface Generation {
  /** Unix time in seconds; greater than that of every publication before, whatever the clock says. */
  readonly timestamp: number
  /** Random, and below 2^53, so that every reader of JSON keeps its digits. */
  readonly nonce: number
}

/** A file of a feed that is being written. This is all that the rotation of files knows of formats. */
export interface PartFile<P extends Page<P>> {
  readonly rows: number
  /** Adds the page, unless the finished file would have more bytes than it may: then nothing happens, and it is `false`. */
  add(page: P): Promise<boolean>
  /** Adds the page, however large the file becomes. */
  force(page: P): Promise<void>
  /** The file is whole and durable when this resolves. */
  commit(shard: Shard): Promise<FileFacts>
  /** Takes back what was written. Never rejects. */
  abort(): Promise<void>
}
