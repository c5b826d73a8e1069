import type { Difference } from '../core/difference.js'
import type { Found } from './match.js'

/** As many as make a batch for whoever reads the comparison, or fewer of large rows. */
const MOST = 1_000
const MOST_CHARACTERS = 4_000_000

/**
 * Confirmed differences of many buckets, until they are worth a batch: where most rows differ each bucket has some, and
 * whoever repairs pays a transaction on each side for each batch, however small.
 */
export class Gathered {
  #differences: Difference[] = []
  #weight = 0

  add(difference: Difference, { candidate }: Pick<Found, 'candidate'>): void {
    this.#differences.push(difference)
    this.#weight += candidate.weight
  }

  get full(): boolean {
    return this.#differences.length >= MOST || this.#weight >= MOST_CHARACTERS
  }

  get empty(): boolean {
    return this.#differences.length === 0
  }

  take(): readonly Difference[] {
    const differences = this.#differences
    this.#differences = []
    this.#weight = 0
    return differences
  }
}
