import type { CheckProgress, ProgressListener } from '../core/progress.js'
import type { Side } from '../core/repair.js'

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
  /** Of these the first one, over the whole tables. */
  readonly wholeMs: number
  /** Time spent in second looks without the waiting, in ms; the first look goes on meanwhile. */
  readonly confirmMs: number
}

/** Rows between two words on the progress. */
const TOLD_ROWS = 10_000

/** The same, written by the comparison, which tells how far it is as it goes. */
export class Tally implements CompareStatistics {
  rows = { left: 0n, right: 0n }
  buckets = 0
  differingBuckets = 0
  fetchedRows = 0
  passes = 0
  settled = 0
  digestMs = 0
  wholeMs = 0
  confirmMs = 0
  readonly #tell: ProgressListener | undefined
  #phase: CheckProgress | undefined
  #done = 0
  #told = 0

  constructor(tell?: ProgressListener) {
    this.#tell = tell
  }

  /** A phase begins, of so many rows. */
  begin(phase: CheckProgress): void {
    this.#phase = phase
    this.#done = phase.done
    this.#told = phase.done
    this.#tell?.(phase)
  }

  /**
   * Listeners for a phase in which both tables are read whole: how far it is when both, or the only one that tells, have
   * told. Of two the smaller share counts, as the phase is over with the slower one; it never goes back.
   */
  shares(): Readonly<Record<Side, (done: number, of: number) => void>> {
    const shares = new Map<Side, number>()
    let told = 0
    const tell = (side: Side, share: number): void => {
      shares.set(side, Math.min(1, share))
      const both = Math.min(...shares.values())
      if (this.#phase === undefined || both <= told) return
      told = both
      this.#tell?.({ ...this.#phase, share: both })
    }
    return { left: (done, of) => tell('left', done / of), right: (done, of) => tell('right', done / of) }
  }

  /** Rows of the phase came over the network. */
  read(rows: number): void {
    this.fetchedRows += rows
    this.advance(rows)
  }

  /** Rows of the phase are done. */
  advance(rows: number): void {
    this.#done += rows
    if (this.#phase === undefined || this.#done - this.#told < TOLD_ROWS) return
    this.#told = this.#done
    this.#tell?.({ ...this.#phase, done: this.#done })
  }
}
