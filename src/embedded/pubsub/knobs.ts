/** What makes the double misbehave as a real broker may. All chances follow from the seed. */
export class Knobs {
  /** Share (0 to 1) of messages without ordering key that are delivered twice. */
  duplicates = 0
  /** Messages without ordering key come in random order. */
  shuffle = false
  /** Share (0 to 1) of acknowledgements that are answered with OK and forgotten, so that the message comes again. */
  dropAcks = 0
  /** Every call is answered with this gRPC status code: 7 PERMISSION_DENIED, 16 UNAUTHENTICATED, ... */
  refuse: number | undefined
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  chance(share: number): boolean {
    return share > 0 && this.#next() < share
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }

  /** 0 to 1; a linear congruential generator is random enough to disturb. */
  #next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return this.#state / 2 ** 32
  }
}
