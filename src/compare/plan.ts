import { type Bucket, type Digest, type Table, WHOLE_TABLE } from '../core/table.js'
import { bothSides } from './both-sides.js'
import { type DifferingBucket, depthFor, differing, MAX_DEPTH, rowsOf } from './buckets.js'
import type { Tally } from './statistics.js'

interface Tables {
  readonly left: Table
  readonly right: Table
}

/**
 * The buckets in which two tables differ; none when they are the same. Equal tables cost one sum over each, both at the
 * same time; only when it differs are they divided, in a second pass.
 */
export async function differingBuckets(tables: Tables, tally: Tally, signal: AbortSignal): Promise<DifferingBucket[]> {
  const whole = await digestBoth(tables, { within: [WHOLE_TABLE], depth: 0 }, { tally, signal })
  tally.rows = { left: whole.left.get(0)?.rows ?? 0n, right: whole.right.get(0)?.rows ?? 0n }
  tally.buckets = 1
  const found = differing(whole.left, whole.right, 0)
  const [bucket] = found
  // With one side empty every row differs: there is nothing to narrow down.
  const oneSided = bucket === undefined || bucket.left === 0 || bucket.right === 0
  const depth = oneSided ? 0 : depthFor(Math.max(bucket.left, bucket.right))
  const result = depth === 0 ? found : await divided(tables, found, { depth, tally, signal })
  tally.differingBuckets = result.length
  return result
}

/** How deep to divide buckets so that each has at most `rows` rows; `undefined` when they are as deep as can be. */
export function deeper(buckets: readonly DifferingBucket[], rows: number): number | undefined {
  const depth = buckets[0]?.depth ?? MAX_DEPTH
  const largest = Math.max(...buckets.map(rowsOf))
  if (depth >= MAX_DEPTH || largest <= 1) return undefined
  return Math.min(MAX_DEPTH, depth + Math.max(1, Math.ceil(Math.log2(largest / rows))))
}

/** Divides buckets and keeps those parts that differ. */
export async function divided(
  tables: Tables,
  buckets: readonly Bucket[],
  options: { readonly depth: number; readonly tally: Tally; readonly signal: AbortSignal },
): Promise<DifferingBucket[]> {
  const digests = await digestBoth(tables, { within: buckets, depth: options.depth }, options)
  options.tally.buckets += new Set([...digests.left.keys(), ...digests.right.keys()]).size
  return differing(digests.left, digests.right, options.depth)
}

interface DigestPair {
  readonly left: ReadonlyMap<number, Digest>
  readonly right: ReadonlyMap<number, Digest>
}

async function digestBoth(
  tables: Tables,
  { within, depth }: { readonly within: readonly Bucket[]; readonly depth: number },
  { tally, signal }: { readonly tally: Tally; readonly signal: AbortSignal },
): Promise<DigestPair> {
  const startedAt = performance.now()
  const digests = await bothSides(
    signal,
    (inner) => tables.left.digests(within, depth, inner),
    (inner) => tables.right.digests(within, depth, inner),
  )
  tally.passes++
  tally.digestMs += performance.now() - startedAt
  return digests
}
