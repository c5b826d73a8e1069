import type { Digest } from './table.js'

/** Adds up the digests of parts of a table. */
export class DigestSums {
  readonly #sums = new Map<number, { rows: bigint; sum: bigint }>()

  get all(): ReadonlyMap<number, Digest> {
    return this.#sums
  }

  add(digests: ReadonlyMap<number, Digest>): void {
    for (const [index, { rows, sum }] of digests) {
      const known = this.#sums.get(index)
      if (known === undefined) this.#sums.set(index, { rows, sum })
      else {
        known.rows += rows
        known.sum += sum
      }
    }
  }
}
