import type { Batch, Checkpoints } from '../core/batch.js'
import type { Distributed } from '../core/check-report.js'
import type { Difference } from '../core/difference.js'
import type { Sample } from '../core/flow.js'
import type { ProgressListener } from '../core/progress.js'
import type { Source } from '../core/source.js'
import type { Bucket, Table } from '../core/table.js'
import { type BucketGroup, byDepth, type DifferingBucket, grouped, passRows, totalRows } from './buckets.js'
import { aligned, assertComparable } from './comparable.js'
import { type OneSided, type Sides, streamGroup } from './first-look.js'
import { type GroupLooks, type GroupResult, looksAtGroup } from './group-looks.js'
import { KeyColumns } from './key.js'
import { plan } from './plan.js'
import { positionOf, type Remainder, remainderOf } from './remainder.js'
import { type Part, partOf } from './sample.js'
import { SecondLooks } from './second-look.js'
import { type CompareStatistics, Tally } from './statistics.js'
import { rowEquality, type Tolerance } from './tolerance.js'

export interface CompareOptions {
  /** Time between two looks at a row that differs, in ms; what is in flight for longer is reported. Default 1000. */
  readonly settleMs?: number
  /** Looks at a row that differs each time in another way, before it is called unstable. Default 5, at least 2. */
  readonly looks?: number
  /** Rows of both sides that are read in one pass. Default 2,000,000, or a sixteenth of the tables if that is more. */
  readonly groupRows?: number
  /**
   * How far numbers of a left column may be apart and still be the same. Their digests differ all the same, so each such
   * row is fetched twice from both sides, every time.
   */
  readonly tolerance?: Tolerance
  /** All columns are the key, rows may repeat, and differences are in the numbers of their copies. Default `false`. */
  readonly keyless?: boolean
  /** Only this share of the rows is compared. */
  readonly sample?: Sample
  /** Only these buckets are compared, which are small enough to be read one by one. */
  readonly within?: readonly Bucket[]
  /** Of so many parts by hash, which are about equal, only this one, from 0 on. Each part is a pass over the whole table. */
  readonly part?: Part
  /** The place in the config that a `ConfigError` blames. Default `compare`. */
  readonly key?: string
  readonly progress?: ProgressListener
  /** Tells positions to go on from. The rows that are left are then compared as they are at that time. Default `false`. */
  readonly resumable?: boolean
  /** How long a digest of both tables took the last time, in ms. */
  readonly expectedDigestMs?: number
  /** How long one statement of a digest should take where a table is read by ranges, in ms. Default 500. */
  readonly targetMs?: number
}

/**
 * Both tables are read, nothing is written. One lane. Batches carry no position, as each run begins at the beginning; but
 * where it is `resumable`, empty ones do, whenever all differences found before are told.
 */
export interface Comparison extends Source<Difference> {
  /** Of the present or the last reading. */
  readonly statistics: CompareStatistics
  /** How its ranges were shared out, as far as it is; left out where this process does it all. */
  readonly distributed?: Distributed
  /** Counts the readings: it grows when a lost connection made the engine begin again, which repeats differences. */
  readonly readings: number
}

export const COMPARE_DEFAULTS = {
  settleMs: 1_000,
  looks: 5,
  keyless: false,
  resumable: false,
  key: 'compare',
} as const

/** The lane of all comparisons. */
export const LANE = 'differences'
const BATCH_ITEMS = 1_000
type Settings = CompareOptions & Required<Pick<CompareOptions, keyof typeof COMPARE_DEFAULTS>>

/**
 * Compares two tables: one digest of each, then, when these differ, digests of ever smaller shares of the key space, then
 * only the rows in the shares that differ. Every difference is looked at twice. Rows come in the left side's column order.
 *
 * Throws `ConfigError` when the tables do not have the same columns, key and way of hashing. Disposing it does nothing:
 * the tables' databases belong to the caller.
 */
export function compare(left: Table, right: Table, options: CompareOptions = {}): Comparison {
  const settings = { ...COMPARE_DEFAULTS, ...options }
  assertComparable(left, right, settings.key)
  const { keyless } = settings
  const sides: Sides = { left, right: aligned(right, left.schema), key: new KeyColumns(left.schema), keyless }
  return new TableComparison(sides, settings)
}

class TableComparison implements Comparison {
  readings = 0
  #tally = new Tally()
  readonly #sides: Sides
  readonly #settings: Settings

  constructor(sides: Sides, settings: Settings) {
    this.#sides = sides
    this.#settings = settings
  }

  get statistics(): CompareStatistics {
    return this.#tally
  }

  async *read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Difference>> {
    this.readings++
    const tally = new Tally(this.#settings.progress)
    this.#tally = tally
    const ending = new AbortController()
    const end = (): void => ending.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    try {
      const position = from.get(LANE)
      const rest = position === undefined ? undefined : remainderOf(position)
      for await (const result of this.#confirmed(tally, rest, ending.signal)) yield* batchesOf(result)
    } catch (error) {
      // An iteration that was told to end ends; what the databases say to the abort is of no interest.
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', end)
      ending.abort()
    }
  }

  /** Nothing to note: positions are kept by whoever reads. */
  async acknowledge(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Rows are looked at again while others are being found. */
  async *#confirmed(tally: Tally, from: Remainder | undefined, signal: AbortSignal): AsyncGenerator<Judged> {
    const { settleMs, looks, tolerance } = this.#settings
    const same = rowEquality(this.#sides.left.schema, tolerance)
    const options = { settleMs, looks, tally, signal, same }
    const again = new SecondLooks(this.#sides, options)
    for await (const result of this.#results(options, from)) {
      if (result.kind === 'candidates') again.add(result.candidates)
      else if (result.kind === 'confirmed') yield result
      else {
        while (!again.empty) yield { kind: 'confirmed', differences: await again.take() }
        yield result
      }
      while (again.ready) yield { kind: 'confirmed', differences: await again.take() }
    }
    while (!again.empty) yield { kind: 'confirmed', differences: await again.take() }
  }

  async *#results(options: GroupLooks, from: Remainder | undefined): AsyncGenerator<GroupResult | Passed> {
    const { tally, signal } = options
    const { sample, part, groupRows, keyless, expectedDigestMs, targetMs, resumable } = this.#settings
    let rest: Remainder | undefined
    const within = this.#settings.within ?? partOf(sample, part)
    const planned = { tally, signal, keyless, within, expectedDigestMs, targetMs }
    for await (const next of plan(this.#sides, planned, from)) {
      rest = next
      if (resumable) yield { kind: 'passed', rest }
    }
    if (rest === undefined) return
    const limit = groupRows ?? passRows(Number(tally.rows.left + tally.rows.right))
    const of = totalRows(rest.open) + totalRows(rest.oneSided)
    let done = 0
    const groups = grouped([...rest.open, ...rest.oneSided], limit)
    for (const [index, group] of groups.entries()) {
      tally.passes++
      tally.begin({ phase: 'fetch', done, of })
      done += totalRows(group.buckets)
      yield* this.#group(group, options)
      if (resumable && index + 1 < groups.length)
        yield { kind: 'passed', rest: without(rest, groups.slice(0, index + 1)) }
    }
  }

  async *#group(group: BucketGroup, options: GroupLooks): AsyncGenerator<GroupResult> {
    if (this.#settings.keyless) {
      for (const buckets of byDepth(group.buckets)) yield* looksAtGroup(this.#sides, buckets, options)
    } else if (!isOneSided(group)) yield* looksAtGroup(this.#sides, group.buckets, options)
    else {
      for await (const candidates of streamGroup(this.#sides, group, options.tally, options.signal)) {
        yield { kind: 'candidates', candidates }
      }
    }
  }
}

/** All before it is told. */
interface Passed {
  readonly kind: 'passed'
  readonly rest: Remainder
}

type Judged = Passed | Extract<GroupResult, { readonly kind: 'confirmed' }>

function without(rest: Remainder, groups: readonly BucketGroup[]): Remainder {
  const done = new Set(groups.flatMap(({ buckets }) => buckets))
  const isLeft = (bucket: DifferingBucket): boolean => !done.has(bucket)
  return { ...rest, open: rest.open.filter(isLeft), oneSided: rest.oneSided.filter(isLeft) }
}

function isOneSided(group: BucketGroup): group is OneSided {
  return group.sides !== 'both'
}

function* batchesOf(result: Judged): Iterable<Batch<Difference>> {
  if (result.kind === 'passed') {
    yield { lane: LANE, position: positionOf(result.rest), items: [] }
    return
  }
  const { differences } = result
  for (let start = 0; start < differences.length; start += BATCH_ITEMS) {
    yield { lane: LANE, position: undefined, items: differences.slice(start, start + BATCH_ITEMS) }
  }
}
