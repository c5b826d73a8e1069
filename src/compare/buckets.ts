import type { Bucket, Digest } from '../core/table.js'

/** A bucket whose digests differ, with the rows each side has in it. */
export interface DifferingBucket extends Bucket {
  readonly left: number
  readonly right: number
}

/** Buckets that are read together, in one pass over each side; of one depth when both sides have rows in them. */
export interface BucketGroup {
  readonly buckets: readonly DifferingBucket[]
  /** The side that has rows in them; nothing need be matched when it is only one. */
  readonly sides: 'left' | 'right' | 'both'
}

/** Rows of both sides that are read in one pass: no snapshot is held, and no sort is on disk, for much longer. */
export const PASS_ROWS = 2_000_000
/** But not in more passes than this, as each goes over the whole table. */
const PASSES = 16
/** The deepest a table can be divided (`Bucket.depth`). */
const MAX_DEPTH = 24
/** 4,096 sums fit into a processor's cache: dividing costs little more than one sum, while 65,536 cost three times it. */
const FIRST_DEPTH = 12
/** Buckets in one pass: what the server sums and the answer brings. */
const PASS_BUCKETS = 2 ** 16
/** Not worth dividing further. */
const SMALLEST_BUCKET = 4
/** So few rows are fetched as fast as they are divided. */
const FEW_ROWS = 2_000

/** Into how many (2^depth) buckets a table of so many rows is divided once its digest is known to differ. */
export function firstDepth(rows: number): number {
  if (rows <= 64) return 0
  return Math.min(FIRST_DEPTH, Math.ceil(Math.log2(rows / SMALLEST_BUCKET)))
}

/** How deep to divide buckets of one depth that differ; `undefined` when it is better to fetch their rows. */
export function nextDepth(buckets: readonly DifferingBucket[]): number | undefined {
  const [first] = buckets
  const rows = totalRows(buckets)
  if (first === undefined || rows <= FEW_ROWS) return undefined
  const rowsPerBucket = rows / 2 / buckets.length
  const useful = Math.ceil(Math.log2(rowsPerBucket / SMALLEST_BUCKET))
  const possible = Math.floor(Math.log2(PASS_BUCKETS / buckets.length))
  const more = Math.min(useful, possible, MAX_DEPTH - first.depth)
  return more >= 2 ? first.depth + more : undefined
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

/** Rows of both sides that one pass over tables with so many rows reads. */
export function passRows(rows: number): number {
  return Math.max(PASS_ROWS, Math.ceil(rows / PASSES))
}

/** Divides buckets into groups, each of at most so many rows of both sides together (or of one bucket). */
export function grouped(buckets: readonly DifferingBucket[], limit: number): BucketGroup[] {
  const onlyLeft = buckets.filter((bucket) => bucket.right === 0)
  const onlyRight = buckets.filter((bucket) => bucket.left === 0)
  return [
    ...cut(buckets.filter(inBoth), limit).map((group) => ({ buckets: group, sides: 'both' as const })),
    ...cut(onlyLeft, limit).map((group) => ({ buckets: group, sides: 'left' as const })),
    ...cut(onlyRight, limit).map((group) => ({ buckets: group, sides: 'right' as const })),
  ]
}

/** Buckets of one depth each, which can be read in order. */
export function byDepth(buckets: readonly DifferingBucket[]): readonly (readonly DifferingBucket[])[] {
  const depths = new Set(buckets.map(({ depth }) => depth))
  return [...depths].map((depth) => buckets.filter((bucket) => bucket.depth === depth))
}

export function inBoth(bucket: DifferingBucket): boolean {
  return bucket.left > 0 && bucket.right > 0
}

export function rowsOf(bucket: DifferingBucket): number {
  return bucket.left + bucket.right
}

export function totalRows(buckets: readonly DifferingBucket[]): number {
  return buckets.reduce((sum, bucket) => sum + rowsOf(bucket), 0)
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
