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
import type { Remainder } from './remainder.js'
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
  /** Only these buckets are compared. `undefined`: all. */
  readonly within: readonly Bucket[] | undefined
  /** How long a digest of both tables took the last time, in ms. */
  readonly expectedDigestMs?: number | undefined
  /** How long one statement of a pass should take, in ms. */
  readonly targetMs?: number | undefined
}

/**
 * The buckets in which two tables differ, in steps: each answers what is left to do, the last one with nothing left to
 * narrow down; none when the tables are the same. Equal tables cost one sum over each, both at the same time; only when it
 * differs are they divided, first coarsely, then the parts that differ again, as long as that leaves markedly fewer rows
 * to fetch. `from`: what an earlier comparison left.
 */
export async function* plan(
  tables: Tables,
  options: PlanOptions,
  from: Remainder | undefined,
): AsyncGenerator<Remainder, void, undefined> {
  let next = from ?? (await begun(tables, options))
  if (next === undefined) return
  options.tally.rows = next.rows
  yield next
  while (next.narrowing !== undefined) {
    next = await narrowed(tables, { ...next, narrowing: next.narrowing }, options)
    yield next
  }
  options.tally.differingBuckets = next.open.length + next.oneSided.length
}

/** `undefined`: the tables are the same. */
async function begun(tables: Tables, options: PlanOptions): Promise<Remainder | undefined> {
  const { tally, keyless } = options
  const within = options.within ?? [WHOLE_TABLE]
  tally.begin({ phase: 'digest', done: 0, of: undefined, expectedMs: options.expectedDigestMs })
  const digests = await digestBoth(tables, { within, depth: 0 }, options)
  const rows = { left: digests.left.get(0)?.rows ?? 0n, right: digests.right.get(0)?.rows ?? 0n }
  tally.rows = rows
  tally.buckets = 1
  tally.wholeMs = tally.digestMs
  const [whole] = differing(digests.left, digests.right, 0)
  if (whole === undefined) return undefined
  const fetched = (open: readonly DifferingBucket[]): Remainder => ({ rows, open, oneSided: [], narrowing: undefined })
  if (options.within !== undefined) {
    const share = { left: Math.ceil(whole.left / within.length), right: Math.ceil(whole.right / within.length) }
    const open = within.map((part) => ({ ...part, ...share }))
    return inBoth(whole) ? narrowing(fetched(open), nextDepth(open), 1) : fetched(open)
  }
  if (!inBoth(whole)) return fetched(shares(whole, keyless))
  return narrowing(fetched([whole]), firstDepth(Math.max(whole.left, whole.right)), 1)
}

function narrowing(rest: Remainder, depth: number | undefined, division: number): Remainder {
  return depth === undefined || depth === 0 ? rest : { ...rest, narrowing: { depth, division } }
}

/** Divides once. */
async function narrowed(
  tables: Tables,
  rest: Remainder & { readonly narrowing: { readonly depth: number; readonly division: number } },
  run: Run,
): Promise<Remainder> {
  const { depth, division } = rest.narrowing
  const parts = await divided(tables, { within: rest.open, depth }, run)
  const open = parts.filter(inBoth)
  const oneSided = [...rest.oneSided, ...parts.filter((part) => !inBoth(part))]
  const next: Remainder = { rows: rest.rows, open, oneSided, narrowing: undefined }
  // After the first division each bucket may differ and still have few rows that do.
  const isFruitless = division > 1 && totalRows(open) > totalRows(rest.open) / 2
  return isFruitless ? next : narrowing(next, nextDepth(open), division + 1)
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

type Run = Pick<PlanOptions, 'tally' | 'signal' | 'expectedDigestMs' | 'targetMs'>

/** Divides buckets and keeps those parts that differ. */
async function divided(tables: Tables, division: Division, run: Run): Promise<DifferingBucket[]> {
  const { rows, wholeMs } = run.tally
  run.tally.begin({
    phase: 'narrow',
    done: 0,
    of: Number(rows.left + rows.right),
    expectedMs: wholeMs || run.expectedDigestMs,
  })
  const digests = await digestBoth(tables, division, run)
  run.tally.buckets += new Set([...digests.left.keys(), ...digests.right.keys()]).size
  return differing(digests.left, digests.right, division.depth)
}

/** Every range brings a sum of each bucket: so few ranges that all their sums are few beside the rows. */
const ROWS_PER_SUM = 16
const MOST_RANGES = 64

function rangesOf({ within, depth }: Division, { rows }: Tally): number {
  const buckets = within.reduce((sum, bucket) => sum + 2 ** (depth - bucket.depth), 0)
  const useful = Math.floor(Math.max(Number(rows.left), Number(rows.right)) / (ROWS_PER_SUM * buckets))
  return Math.min(MOST_RANGES, Math.max(1, useful))
}

interface DigestPair {
  readonly left: ReadonlyMap<number, Digest>
  readonly right: ReadonlyMap<number, Digest>
}

async function digestBoth(tables: Tables, { within, depth }: Division, run: Run): Promise<DigestPair> {
  const { tally, signal, targetMs } = run
  const startedAt = performance.now()
  const told = tally.shares()
  const ranges = depth === 0 ? undefined : rangesOf({ within, depth }, tally)
  const digests = await bothSides(
    signal,
    (inner) => tables.left.digests(within, depth, { signal: inner, targetMs, ranges, told: told.left }),
    (inner) => tables.right.digests(within, depth, { signal: inner, targetMs, ranges, told: told.right }),
  )
  tally.passes++
  tally.digestMs += performance.now() - startedAt
  return digests
}
