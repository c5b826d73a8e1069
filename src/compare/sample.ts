import type { Sample } from '../core/flow.js'
import type { Bucket } from '../core/table.js'

/** Shares of less than one in so many take finer buckets, so that a share is still some buckets. */
const COARSE_DEPTH = 12
const FINE_DEPTH = 16
const LEAST_BUCKETS = 8

/**
 * The buckets of a sample: as many as its share of all. Samples of following seeds have no bucket in common until all
 * buckets have been had, and are spread over the key space.
 */
export function sampleBuckets({ share, seed = 0 }: Sample): readonly Bucket[] {
  const depth = share * 2 ** COARSE_DEPTH >= LEAST_BUCKETS ? COARSE_DEPTH : FINE_DEPTH
  const all = 2 ** depth
  const count = Math.min(all, Math.max(1, Math.round(share * all)))
  const first = (Math.trunc(seed) % all) * count
  const indexes = Array.from({ length: count }, (_, place) => spread((first + place) % all, depth))
  return indexes.sort((one, other) => one - other).map((index) => ({ depth, index }))
}

/** An odd factor makes each number of so many bits another one. */
function spread(place: number, depth: number): number {
  return (Math.imul(place, 0x9e3779b1) >>> 0) & (2 ** depth - 1)
}

/** One of several parts of the key space. */
export interface Part {
  readonly index: number
  readonly of: number
}

/** The buckets of a part, of a sample, or of a part of a sample; `undefined`: all there are. */
export function partOf(sample: Sample | undefined, part: Part | undefined): readonly Bucket[] | undefined {
  const all = sample === undefined ? undefined : sampleBuckets(sample)
  if (part === undefined) return all
  const buckets = all ?? Array.from({ length: 2 ** COARSE_DEPTH }, (_, index) => ({ depth: COARSE_DEPTH, index }))
  const at = (index: number): number => Math.floor((index * buckets.length) / part.of)
  return buckets.slice(at(part.index), at(part.index + 1))
}
