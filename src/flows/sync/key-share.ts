import type { KeyLane } from '../../core/mirror.js'
import type { Bucket } from '../../core/table.js'

/** Buckets that are compared are so deep, so that each has few rows. */
const COMPARED_DEPTH = 12

/** The lanes of keys that this process has of a sync, over all times that they change. */
export class KeyShare {
  readonly #of: number
  #held: readonly number[] = []
  /** Compared since this process has them. */
  readonly #compared = new Set<number>()
  #comparedAt = 0

  /** `of`: a power of two. */
  constructor(of: number) {
    this.#of = of
  }

  /** These, from 0 on, are what it has from now on. */
  hold(lanes: readonly number[]): void {
    this.#held = lanes
    for (const lane of this.#compared) if (!lanes.includes(lane)) this.#compared.delete(lane)
  }

  get lanes(): readonly KeyLane[] {
    const depth = Math.log2(this.#of)
    return this.#held.map((index) => ({ name: `${index + 1}/${this.#of}`, bucket: { depth, index } }))
  }

  /** For people. */
  get text(): string {
    return `lanes ${this.#held.map((lane) => lane + 1).join(', ')} of ${this.#of}`
  }

  /** Where it has any that were not compared since it has them. */
  get isNew(): boolean {
    return this.#held.some((lane) => !this.#compared.has(lane))
  }

  /** What to compare next: what was not yet, else all. `undefined`: the whole table. */
  due(): { readonly lanes: readonly number[]; readonly within: readonly Bucket[] | undefined } {
    const fresh = this.#held.filter((lane) => !this.#compared.has(lane))
    const lanes = fresh.length > 0 ? fresh : this.#held
    if (lanes.length === this.#of) return { lanes, within: undefined }
    const size = 2 ** COMPARED_DEPTH / this.#of
    const within = lanes.flatMap((lane) =>
      Array.from({ length: size }, (_, place) => ({ depth: COMPARED_DEPTH, index: lane * size + place })),
    )
    return { lanes, within }
  }

  compared(lanes: readonly number[]): void {
    for (const lane of lanes) this.#compared.add(lane)
    this.#comparedAt = performance.now()
  }

  /** Rows may have been passed over. */
  doubt(): void {
    this.#compared.clear()
  }

  /** Until all is to be compared again, in ms. */
  restMs(everyMs: number): number {
    return Math.max(0, everyMs - (performance.now() - this.#comparedAt))
  }
}
