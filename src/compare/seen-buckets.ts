import type { Bucket } from '../core/table.js'
import type { Candidate } from './candidate.js'
import { textPrint } from './text-print.js'

const FIRST_SIZE = 1_024

/** A number that stands for a difference among those of its bucket. */
export function printOf({ kind, key, left, right }: Candidate): number {
  return textPrint(
    `${kind} ${left?.length ?? '-'} ${right?.length ?? '-'} ${left ?? ''} ${right ?? ''} ${JSON.stringify(key)}`,
  )
}

/** The differences that a look found, bucket by bucket, in eight bytes each. Buckets come one after the other. */
export class SeenBuckets {
  readonly #depth: number
  readonly #starts = new Map<number, number>()
  readonly #ends = new Map<number, number>()
  #prints = new Float64Array(FIRST_SIZE)
  #count = 0

  constructor(depth: number) {
    this.#depth = depth
  }

  add(index: number, print: number): void {
    if (this.#count === this.#prints.length) {
      const more = new Float64Array(this.#prints.length * 2)
      more.set(this.#prints)
      this.#prints = more
    }
    if (!this.#starts.has(index)) this.#starts.set(index, this.#count)
    this.#prints[this.#count++] = print
    this.#ends.set(index, this.#count)
  }

  /** Differences in all buckets together. */
  get size(): number {
    return this.#count
  }

  has(index: number): boolean {
    return this.#starts.has(index)
  }

  buckets(): readonly Bucket[] {
    return [...this.#starts.keys()].map((index) => ({ depth: this.#depth, index }))
  }

  /** What was seen in a bucket. Made on demand: a set for each of 65,536 buckets would take more than all else. */
  printsOf(index: number): ReadonlySet<number> {
    return new Set(this.#prints.subarray(this.#starts.get(index) ?? 0, this.#ends.get(index) ?? 0))
  }
}
