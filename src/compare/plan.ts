import { type Bucket, type Digest, type Table, WHOLE_TABLE } from '../core/table.js'
import { bothSides } from './both-sides.js'
import { type DifferingBucket, differing, firstDepth, inBoth, nextDepth, PASS_ROWS, rowsOf } from './buckets.js'
import type { Tally } from './statistics.js'

interface Tables {
  readonly left: Table
  readonly right: Table
}

/** One side alone is read whole, in so many shares at most that no snapshot is held for all of it. */
const SHARES_DEPTH = 4

/**
 * The buckets in which two tables differ; none when they are the same. Equal tables cost one sum over each, both at the
 * same time; only when it differs are they divided, first coarsely, then the parts that differ again, as long as that
 * leaves markedly fewer rows to fetch.
 */
export async function differingBuckets(tables: Tables, tally: Tally, signal: AbortSignal): Promise<DifferingBucket[]> {
  const whole = await digestBoth(tables, { within: [WHOLE_TABLE], depth: 0 }, { tally, signal })
  tally.rows = { left: whole.left.get(0)?.rows ?? 0n, right: whole.right.get(0)?.rows ?? 0n }
  tally.buckets = 1
  const found = differing(whole.left, whole.right, 0)
  const [bucket] = found
  if (bucket === undefined) return []
  const result = inBoth(bucket) ? await narrowed(tables, bucket, { tally, signal }) : shares(bucket)
  tally.differingBuckets = result.length
  return result
}

async function narrowed(tables: Tables, whole: DifferingBucket, run: Run): Promise<DifferingBucket[]> {
  const oneSided: DifferingBucket[] = []
  let open: readonly DifferingBucket[] = [whole]
  let depth: number | undefined = firstDepth(Math.max(whole.left, whole.right))
  for (let division = 1; depth !== undefined && depth > 0; division++) {
    const parts = await divided(tables, { within: open, depth }, run)
    const before = total(open)
    open = parts.filter(inBoth)
    oneSided.push(...parts.filter((part) => !inBoth(part)))
    // After the first division each bucket may differ and still have few rows that do.
    if (division > 1 && total(open) > before / 2) break
    depth = nextDepth(open)
  }
  return [...open, ...oneSided]
}

function total(buckets: readonly DifferingBucket[]): number {
  return buckets.reduce((sum, bucket) => sum + rowsOf(bucket), 0)
}

/** With one side empty every row differs: there is nothing to narrow down. */
function shares(whole: DifferingBucket): DifferingBucket[] {
  const depth = rowsOf(whole) > PASS_ROWS ? SHARES_DEPTH : 0
  const count = 2 ** depth
  return Array.from({ length: count }, (_, index) => ({
    depth,
    index,
    left: Math.ceil(whole.left / count),
    right: Math.ceil(whole.right / count),
  }))
}

interface Division {
  readonly within: readonly Bucket[]
  readonly depth: number
}

interface Run {
  readonly tally: Tally
  readonly signal: AbortSignal
}

/** Divides buckets and keeps those parts that differ. */
async function divided(tables: Tables, division: Division, run: Run): Promise<DifferingBucket[]> {
  const digests = await digestBoth(tables, division, run)
  run.tally.buckets += new Set([...digests.left.keys(), ...digests.right.keys()]).size
  return differing(digests.left, digests.right, division.depth)
}

interface DigestPair {
  readonly left: ReadonlyMap<number, Digest>
  readonly right: ReadonlyMap<number, Digest>
}

async function digestBoth(tables: Tables, { within, depth }: Division, { tally, signal }: Run): Promise<DigestPair> {
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
