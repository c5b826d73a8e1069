import type { DigestOptions } from '../../core/table.js'
import { Pace, type PaceOptions } from './pace.js'

const TARGET_MS = 500

export interface RangePaceOptions extends Pick<PaceOptions, 'first' | 'least'> {
  /** Of the whole table, in its units. */
  readonly of: number
  /** What a statement takes that does nothing, in ms. */
  readonly latencyMs: number
  /** Each unit takes about as long as any other. Default `true`. */
  readonly steady?: boolean
}

/** The pace of a table that is read by ranges, by one reader or some, and the word on how far it is. */
export class RangePace {
  readonly #options: RangePaceOptions & DigestOptions
  readonly #pace: Pace
  #done = 0

  constructor(options: RangePaceOptions & DigestOptions) {
    const { of, ranges, targetMs = TARGET_MS, steady = true } = options
    this.#options = options
    const least = ranges === undefined ? options.least : Math.max(options.least, Math.ceil(of / ranges))
    this.#pace = new Pace({ targetMs, first: Math.min(of, Math.max(options.first, least)), least, most: of, steady })
  }

  get size(): number {
    return this.#pace.size
  }

  /** A range has been read. Answers how long to leave the server alone before the next one, in ms. */
  took(ms: number, { size, units, isLast }: RangeRead): number {
    const { of, latencyMs, told } = this.#options
    this.#done += size
    told?.(this.#done, of)
    const restMs = this.#pace.took(Math.max(1, ms - latencyMs), size, units)
    return isLast ? 0 : restMs
  }
}

export interface RangeRead {
  readonly size: number
  /** What was read in it. Default `size`. */
  readonly units?: number
  readonly isLast: boolean
}
