/** A table of fewer rows is read, and sorted, in no time: an index would save nothing that anyone notices. */
export const SMALL_ROWS = 100_000

/** What a statement reads, by the server's own estimates. What the server does not say is left out. */
export interface ReadCost {
  readonly rows?: number
  readonly bytes?: number
  /** In the units of the server's planner, which only compare with others of the same server. */
  readonly planner?: number
}

/** One kind of statement that a flow runs, as it is now and as it would be with the index. */
export interface AdvisedRead {
  /** For people: `counting all keys`. */
  readonly what: string
  readonly now: ReadCost
  readonly after: ReadCost
}

/** An index that a flow would be faster with. Nothing of lockstep creates it. */
export interface IndexAdvice {
  readonly columns: readonly string[]
  /** The statement that creates it, to be run as it is. */
  readonly statement: string
  /** What the index would take, from the statistics of its columns. */
  readonly sizeBytes?: number
  readonly reads: readonly AdvisedRead[]
}
