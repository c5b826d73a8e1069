import { DataError } from '../../core/errors.js'

/** A row that could not be published as it is. */
export interface Rejected {
  readonly key: readonly unknown[]
  readonly code: string
  /** Without values of the row. */
  readonly reason: string
}

/** Rows that were left out of a feed: by `map` on purpose, and because they could not be published. */
export class Rejections {
  skipped = 0
  rejected = 0
  readonly #byReason = new Map<string, number>()
  #fresh: Rejected[] = []

  add(rejected: Rejected): void {
    const what = `${rejected.code}: ${rejected.reason}`
    const count = this.#byReason.get(what)
    if (count !== undefined || this.#byReason.size < MOST_REASONS) this.#byReason.set(what, (count ?? 0) + 1)
    this.rejected += 1
    this.#fresh.push(rejected)
  }

  /** Those since the last call. */
  take(): readonly Rejected[] {
    const taken = this.#fresh
    this.#fresh = []
    return taken
  }

  /** Throws when so many rows are bad that the cause is not in them. `rows`: all that were read. */
  check(rows: number, stopAbove: number): void {
    if (this.rejected === 0 || this.rejected <= rows * stopAbove) return
    const message = `${this.rejected} of ${rows} rows cannot be published (${this.#summary()}); nothing was published. Correct map or the rows, or raise stopAbove (${stopAbove})`
    throw new DataError('feed-rejected', message)
  }

  /** The most frequent reasons. */
  #summary(): string {
    const reasons = [...this.#byReason].sort(([, left], [, right]) => right - left)
    const told = reasons.slice(0, TOLD_REASONS).map(([what, count]) => `${count} ${what}`)
    return [...told, ...(reasons.length > TOLD_REASONS ? ['and others'] : [])].join('; ')
  }

  /** The same while more rows are to come, once there are enough to tell: bad rows may stand together. */
  checkSoFar(rows: number, stopAbove: number): void {
    if (rows >= ENOUGH_ROWS && this.rejected > rows * Math.max(stopAbove, 0.5)) this.check(rows, stopAbove)
  }
}

const MOST_REASONS = 100
const TOLD_REASONS = 5
const ENOUGH_ROWS = 100_000
