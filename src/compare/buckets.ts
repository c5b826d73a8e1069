import type { Bucket, Digest } from '../core/table.js'

/** A bucket whose digests differ, with the rows each side has in it. */
export interface DifferingBucket extends Bucket {
  readonly left: number
  readonly right: number
}

/** Buckets that are fetched together, in one pass over each side. */
export interface BucketGroup {
  readonly buckets: readonly DifferingBucket[]
  /** The side that has rows in them; nothing need be merged when it is only one. */
  readonly sides: 'left' | 'right' | 'both'
}

/** The deepest a table can be divided (`Bucket.depth`). */
export const MAX_DEPTH = 24
/** Buckets up to this depth cost little more than one sum, so they may be as small as they like. */
const CHEAP_DEPTH = 16
/** Few enough that 100 differing rows among 10 million are found by fetching 0.3 % of one side. */
const BUCKET_ROWS = 200
/** Not worth dividing further. */
const SMALLEST_BUCKET = 4

/** Into how many (2^depth) buckets a table of so many rows is divided once its digest is known to differ. */
export function depthFor(rows: number): number {
  if (rows <= 64) return 0
  const smallest = Math.ceil(Math.log2(rows / SMALLEST_BUCKET))
  const needed = Math.ceil(Math.log2(rows / BUCKET_ROWS))
  return Math.min(MAX_DEPTH, Math.max(needed, Math.min(smallest, CHEAP_DEPTH)))
}

/** The buckets of one depth that differ, in order. */
export function differing(
  left: ReadonlyMap<number, Digest>,
  right: ReadonlyMap<number, Digest>,
  depth: number,
): DifferingBucket[] {
  const found: DifferingBucket[] = []
  for (const index of new Set([...left.keys(), ...right.keys()])) {
    const [one, other] = [left.get(index), right.get(index)]
    if (one?.rows === other?.rows && one?.sum === other?.sum) continue
    found.push({ depth, index, left: Number(one?.rows ?? 0n), right: Number(other?.rows ?? 0n) })
  }
  return found.sort((a, b) => a.index - b.index)
}

export interface GroupLimits {
  /** Rows of both sides together in a group that has to be merged. */
  readonly merged: number
  /** Rows in a group of which only one side has rows. These are streamed. */
  readonly streamed: number
}

/** Divides buckets into groups, each of at most so many rows (or of one bucket). */
export function grouped(buckets: readonly DifferingBucket[], limits: GroupLimits): BucketGroup[] {
  const onlyLeft = buckets.filter((bucket) => bucket.right === 0)
  const onlyRight = buckets.filter((bucket) => bucket.left === 0)
  const both = buckets.filter((bucket) => bucket.left > 0 && bucket.right > 0)
  return [
    ...cut(both, limits.merged).map((group) => ({ buckets: group, sides: 'both' as const })),
    ...cut(onlyLeft, limits.streamed).map((group) => ({ buckets: group, sides: 'left' as const })),
    ...cut(onlyRight, limits.streamed).map((group) => ({ buckets: group, sides: 'right' as const })),
  ]
}

export function rowsOf(bucket: DifferingBucket): number {
  return bucket.left + bucket.right
}

function cut(buckets: readonly DifferingBucket[], limit: number): DifferingBucket[][] {
  const groups: DifferingBucket[][] = []
  let rows = Number.POSITIVE_INFINITY
  for (const bucket of buckets) {
    rows += rowsOf(bucket)
    if (rows > limit) {
      groups.push([])
      rows = rowsOf(bucket)
    }
    groups.at(-1)?.push(bucket)
  }
  return groups
}
