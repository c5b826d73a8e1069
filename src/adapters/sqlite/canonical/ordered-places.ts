import type { InValue } from '@libsql/client'

/** Where rows are, by bucket. */
export class OrderedPlaces {
  readonly #buckets: number[] = []
  readonly #places: (InValue | readonly InValue[])[] = []

  add(bucket: number, place: readonly InValue[]): void {
    const [only] = place
    this.#buckets.push(bucket)
    // Most are one number, which takes less by itself.
    this.#places.push(place.length === 1 && only !== undefined ? small(only) : place)
  }

  /** In order of bucket, so many at a time. */
  *chunks(rows: number): Generator<readonly (readonly InValue[])[], void, undefined> {
    const order = Uint32Array.from(this.#buckets.keys())
    order.sort((one, other) => (this.#buckets[one] ?? 0) - (this.#buckets[other] ?? 0))
    for (let start = 0; start < order.length; start += rows) {
      yield [...order.subarray(start, start + rows)].map((at) => listed(this.#places[at] ?? null))
    }
  }
}

function small(value: InValue): InValue {
  return typeof value === 'bigint' && value >= -(2n ** 31n) && value < 2n ** 31n ? Number(value) : value
}

function listed(place: InValue | readonly InValue[]): readonly InValue[] {
  const values = Array.isArray(place) ? place : [place]
  return values.map((value: InValue) => (typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value))
}
