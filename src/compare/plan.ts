import type { Sample } from '../core/flow.js'
import { type Bucket, type Digest, type Table, WHOLE_TABLE } from '../core/table.js'
import { bothSides } from './both-sides.js'
import {
  type DifferingBucket,
  differing,
  firstDepth,
  inBoth,
  nextDepth,
  PASS_ROWS,
  rowsOf,
  totalRows,
} from './buckets.js'
import { sampleBuckets } from './sample.js'
import type { Tally } from './statistics.js'

interface Tables {
  readonly left: Table
  readonly right: Table
}

/** One side alone is read whole, in so many shares at most that no snapshot is held for all of it. */
const SHARES_DEPTH = 4
/** Rows without a key are matched bucket by bucket, so that these are to be small. */
const KEYLESS_DEPTH = 12

export interface PlanOptions {
  readonly tally: Tally
  readonly signal: AbortSignal
  readonly keyless: boolean
  readonly sample: Sample | undefined
  /** How long a digest of both tables took the last time, in ms. */
  readonly expectedDigestMs?: number | undefined
}

/**
 * The buckets in which two tables differ; none when they are the same. Equal tables cost one sum over each, both at the
 * same time; only when it differs are they divided, first coarsely, then the parts that differ again, as long as that
 * leaves markedly fewer rows to fetch.
 */
export async function differingBuckets(tables: Tables, options: PlanOptions): Promise<DifferingBucket[]> {
  const { tally, sample } = options
  const within = sample === undefined ? [WHOLE_TABLE] : sampleBuckets(sample)
  tally.begin({ phase: 'digest', done: 0, of: undefined, expectedMs: options.expectedDigestMs })
  const whole = await digestBoth(tables, { within, depth: 0 }, options)
  tally.rows = { left: whole.left.get(0)?.rows ?? 0n, right: whole.right.get(0)?.rows ?? 0n }
  tally.buckets = 1
  tally.wholeMs = tally.digestMs
  const [bucket] = differing(whole.left, whole.right, 0)
  if (bucket === undefined) return []
  const result = await parted(tables, { whole: bucket, within }, options)
  tally.differingBuckets = result.length
  return result
}

async function parted(
  tables: Tables,
  { whole, within }: { readonly whole: DifferingBucket; readonly within: readonly Bucket[] },
  options: PlanOptions,
): Promise<DifferingBucket[]> {
  if (options.sample !== undefined) {
    const share = { left: Math.ceil(whole.left / within.length), right: Math.ceil(whole.right / within.length) }
    const open = within.map((part) => ({ ...part, ...share }))
    return inBoth(whole) ? narrowed(tables, { open, depth: nextDepth(open) }, options) : open
  }
  if (!inBoth(whole)) return shares(whole, options.keyless)
  return narrowed(tables, { open: [whole], depth: firstDepth(Math.max(whole.left, whole.right)) }, options)
}

interface Open {
  readonly open: readonly DifferingBucket[]
  readonly depth: number | undefined
}

async function narrowed(tables: Tables, from: Open, run: Run): Promise<DifferingBucket[]> {
  const oneSided: DifferingBucket[] = []
  let { open, depth } = from
  for (let division = 1; depth !== undefined && depth > 0; division++) {
    const parts = await divided(tables, { within: open, depth }, run)
    const before = totalRows(open)
    open = parts.filter(inBoth)
    oneSided.push(...parts.filter((part) => !inBoth(part)))
    // After the first division each bucket may differ and still have few rows that do.
    if (division > 1 && totalRows(open) > before / 2) break
    depth = nextDepth(open)
  }
  return [...open, ...oneSided]
}

/** With one side empty every row differs: there is nothing to narrow down. */
function shares(whole: DifferingBucket, keyless: boolean): DifferingBucket[] {
  const depth = keyless ? KEYLESS_DEPTH : rowsOf(whole) > PASS_ROWS ? SHARES_DEPTH : 0
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
  const { rows, wholeMs } = run.tally
  run.tally.begin({ phase: 'narrow', done: 0, of: Number(rows.left + rows.right), expectedMs: wholeMs })
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
