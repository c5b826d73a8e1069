/** What a comparison has done so far; read it while it runs for progress, and after for the report. */
export interface CompareStatistics {
  /** Rows of each side as the first pass counted them. */
  readonly rows: { readonly left: bigint; readonly right: bigint }
  /** Buckets whose digests were compared, and how many of them differed. */
  readonly buckets: number
  readonly differingBuckets: number
  /** Rows that came over the network, both sides together, second looks included. */
  readonly fetchedRows: number
  /** Passes over a whole table, counted once for both sides: digests and fetches. */
  readonly passes: number
  /** Differences of the first look that a later look did not confirm: the row had been in flight. */
  readonly settled: number
  /** Time spent in digests, in ms. */
  readonly digestMs: number
  /** Time spent in second looks without the waiting, in ms; the first look goes on meanwhile. */
  readonly confirmMs: number
}

/** The same, written by the comparison. */
export class Tally implements CompareStatistics {
  rows = { left: 0n, right: 0n }
  buckets = 0
  differingBuckets = 0
  fetchedRows = 0
  passes = 0
  settled = 0
  digestMs = 0
  confirmMs = 0
}
