import { DataError } from '../../core/errors.js'
import type { RejectionReason } from '../../core/feed-run.js'
import { KeptReasons } from './history/kept-reasons.js'

/** A row that could not be published as it is. */
export interface Rejected {
  readonly key: readonly unknown[]
  readonly code: string
  /** All of it, without values of the row. */
  readonly reason: string
  /** The same, each apart, where the row is wrong in several ways. */
  readonly problems?: readonly string[]
}

/** Rows that were left out of a feed: by `map` on purpose, and because they could not be published. */
export class Rejections {
  skipped = 0
  rejected = 0
  readonly #reasons: KeptReasons
  #fresh: Rejected[] = []

  /** `keepKeys`: so many keys are kept to be looked up later. */
  constructor(keepKeys = 0) {
    this.#reasons = new KeptReasons(keepKeys)
  }

  add(rejected: Rejected): void {
    const { code, key, reason, problems = [reason] } = rejected
    for (const problem of problems) this.#reasons.add({ code, reason: problem }, key)
    this.rejected += 1
    this.#fresh.push(rejected)
  }

  /** Those since the last call. */
  take(): readonly Rejected[] {
    const taken = this.#fresh
    this.#fresh = []
    return taken
  }

  /** What was wrong with rows, the most frequent first. */
  reasons(): { readonly reasons: readonly RejectionReason[]; readonly others: number } {
    return { reasons: this.#reasons.list(), others: this.#reasons.others }
  }

  /** Throws when so many rows are bad that the cause is not in them. `rows`: all that were read. */
  check(rows: number, stopAbove: number): void {
    if (this.rejected === 0 || this.rejected <= rows * stopAbove) return
    const message = `${this.rejected} of ${rows} rows cannot be published (${this.#summary()}); nothing was published. Correct map or the rows, or raise stopAbove (${stopAbove})`
    throw new DataError('feed-rejected', message)
  }

  #summary(): string {
    const { reasons, others } = this.reasons()
    const told = reasons.slice(0, TOLD_REASONS).map(({ count, code, reason }) => `${count} ${code}: ${reason}`)
    return [...told, ...(others > 0 || reasons.length > TOLD_REASONS ? ['and others'] : [])].join('; ')
  }

  /** The same while more rows are to come, once there are enough to tell. */
  checkSoFar(rows: number, stopAbove: number): void {
    if (isTooManySoFar(this.rejected, { rows, stopAbove })) this.check(rows, stopAbove)
  }
}

/** Bad rows may stand together, so that it takes many rows to tell. */
export function isTooManySoFar(
  rejected: number,
  { rows, stopAbove }: { readonly rows: number; readonly stopAbove: number },
): boolean {
  return rows >= ENOUGH_ROWS && rejected > rows * Math.max(stopAbove, 0.5)
}

const TOLD_REASONS = 5
const ENOUGH_ROWS = 100_000
