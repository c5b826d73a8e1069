import type { KeySample, RangeOrder } from '../../core/key-range.js'

/** Keys greater than `after`, up to and with `upTo`. */
export interface Borders {
  readonly after?: string
  readonly upTo?: string
}

/** Ranges of keys that are in one order everywhere. */
export interface KeyCut {
  readonly order: RangeOrder
  readonly ranges: readonly Borders[]
}

/** Keys that are looked at of each table, for ranges of about as many rows. */
export const SAMPLED_KEYS = 2_000

/** At most so many ranges. `undefined`: a table could not be sampled, or the order of its keys is another one, as of texts. */
export function cutKeys(samples: readonly (KeySample | undefined)[], ranges: number): KeyCut | undefined {
  const order = samples[0]?.order
  if (order === undefined || samples.some((sample) => sample?.order !== order)) return undefined
  const keys = ordered(
    samples.flatMap((sample) => sample?.keys ?? []),
    order,
  )
  return { order, ranges: bordersOf(keys, ranges) }
}

/** Each once. A UUID in lower case is ordered as its text. */
function ordered(keys: readonly string[], order: RangeOrder): readonly string[] {
  const all = [...new Set(keys)]
  if (order === 'uuid') return all.sort()
  return all
    .map((key) => BigInt(key))
    .sort((one, other) => (one < other ? -1 : 1))
    .map(String)
}

/** Borders between keys that are in order. The first range has no beginning and the last no end, so that each key is in one of them, whatever was sampled. */
export function bordersOf(keys: readonly string[], ranges: number): readonly Borders[] {
  const cuts = Array.from({ length: ranges - 1 }, (_, at) => keys[Math.floor(((at + 1) * keys.length) / ranges)])
  const borders = [...new Set(cuts.filter((key) => key !== undefined))]
  return [...borders, undefined].map((upTo, at) => ({
    ...(at === 0 ? {} : { after: borders[at - 1] ?? '' }),
    ...(upTo === undefined ? {} : { upTo }),
  }))
}
