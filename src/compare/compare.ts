import type { Batch, Checkpoints } from '../core/batch.js'
import type { Difference } from '../core/difference.js'
import type { Source } from '../core/source.js'
import type { Table } from '../core/table.js'
import { type BucketGroup, type GroupLimits, grouped } from './buckets.js'
import { aligned, assertComparable } from './comparable.js'
import { type Candidates, GroupTooLarge, mergeGroup, type Sides, streamGroup } from './first-look.js'
import { KeyColumns } from './key.js'
import { deeper, differingBuckets, divided } from './plan.js'
import { confirm } from './second-look.js'
import { type CompareStatistics, Tally } from './statistics.js'

export interface CompareOptions {
  /** Time between two looks at a row that differs, in ms; what is in flight for longer is reported. Default 1000. */
  readonly settleMs?: number
  /** Looks at a row that differs each time in another way, before it is called unstable. Default 5, at least 2. */
  readonly looks?: number
  /** Rows of both sides that are read and matched in one pass. Default 200,000. */
  readonly groupRows?: number
  /** Characters held while matching a group. Default 48,000,000. */
  readonly groupCharacters?: number
  /** The place in the config that a `ConfigError` blames. Default `compare`. */
  readonly key?: string
}

/** Both tables are read, nothing is written. One lane; batches carry no position, as each run begins at the beginning. */
export interface Comparison extends Source<Difference> {
  /** Of the present or the last reading. */
  readonly statistics: CompareStatistics
  /** Counts the readings: it grows when a lost connection made the engine begin again, which repeats differences. */
  readonly readings: number
}

export const COMPARE_DEFAULTS = {
  settleMs: 1_000,
  looks: 5,
  groupRows: 200_000,
  groupCharacters: 48_000_000,
  key: 'compare',
} as const

const LANE = 'differences'
const BATCH_ITEMS = 1_000
/** Rows streamed from one side in one pass, so that no snapshot is held for longer than they take. */
const STREAM_ROWS = 2_000_000
/** Chunks whose second look is awaited while more are read. */
const OPEN_CHUNKS = 4

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
  return new TableComparison({ left, right: aligned(right, left.schema), key: new KeyColumns(left.schema) }, settings)
}

class TableComparison implements Comparison {
  readings = 0
  #tally = new Tally()
  readonly #sides: Sides
  readonly #settings: Required<CompareOptions>

  constructor(sides: Sides, settings: Required<CompareOptions>) {
    this.#sides = sides
    this.#settings = settings
  }

  get statistics(): CompareStatistics {
    return this.#tally
  }

  async *read(_from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Difference>> {
    this.readings++
    const tally = new Tally()
    this.#tally = tally
    const ending = new AbortController()
    const end = (): void => ending.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    try {
      for await (const differences of this.#confirmed(tally, ending.signal)) yield* batchesOf(differences)
    } catch (error) {
      // An iteration that was told to end ends; what the databases say to the abort is of no interest.
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', end)
      ending.abort()
    }
  }

  /** Nothing to note: the next run compares anew. */
  async acknowledge(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The second look of some chunks goes on while the next ones are read. */
  async *#confirmed(tally: Tally, signal: AbortSignal): AsyncGenerator<readonly Difference[]> {
    const open: Promise<readonly Difference[]>[] = []
    for await (const candidates of this.#candidates(tally, signal)) {
      open.push(this.#secondLook(candidates, tally, signal))
      if (open.length < OPEN_CHUNKS) continue
      const oldest = open.shift()
      if (oldest !== undefined) yield await oldest
    }
    for (const rest of open) yield await rest
  }

  #secondLook(candidates: Candidates, tally: Tally, signal: AbortSignal): Promise<readonly Difference[]> {
    const { settleMs, looks } = this.#settings
    const startedAt = performance.now()
    const confirmed = confirm(this.#sides, candidates, { settleMs, looks, tally, signal }).finally(() => {
      tally.confirmMs += performance.now() - startedAt
    })
    // It may fail while another chunk is awaited; whoever comes to await this one still gets the error.
    confirmed.catch(() => {})
    return confirmed
  }

  async *#candidates(tally: Tally, signal: AbortSignal): AsyncGenerator<Candidates> {
    const buckets = await differingBuckets(this.#sides, tally, signal)
    const limits: GroupLimits = { merged: this.#settings.groupRows, streamed: STREAM_ROWS }
    const groups = grouped(buckets, limits)
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      tally.passes++
      if (group.sides !== 'both') {
        yield* streamGroup(this.#sides, { ...group, sides: group.sides }, tally, signal)
        continue
      }
      const merged = await this.#merge(group, tally, signal)
      if (merged instanceof GroupTooLarge) groups.unshift(...(await this.#smaller(group, merged, { tally, signal })))
      else yield* merged
    }
  }

  async #merge(group: BucketGroup, tally: Tally, signal: AbortSignal): Promise<readonly Candidates[] | GroupTooLarge> {
    const divisible = group.buckets.length > 1 || deeper(group.buckets, 1) !== undefined
    const limit = divisible ? this.#settings.groupCharacters : Number.POSITIVE_INFINITY
    const startedAt = performance.now()
    try {
      return await mergeGroup(this.#sides, group, { tally, limit, signal })
    } catch (error) {
      if (error instanceof GroupTooLarge) return error
      throw error
    } finally {
      tally.fetchMs += performance.now() - startedAt
    }
  }

  /** Divides a group that did not fit, by the weight of its rows: into fewer buckets each, or into smaller ones. */
  async #smaller(
    group: BucketGroup,
    { rowWeight }: GroupTooLarge,
    { tally, signal }: { readonly tally: Tally; readonly signal: AbortSignal },
  ): Promise<BucketGroup[]> {
    // Half of what would fit: the next rows may be heavier than those seen so far.
    const rows = Math.max(1, Math.floor(this.#settings.groupCharacters / rowWeight / 2))
    const limits: GroupLimits = { merged: rows, streamed: STREAM_ROWS }
    const smaller = grouped(group.buckets, limits)
    if (smaller.length > 1) return smaller
    const half = Math.ceil(group.buckets.length / 2)
    const [first, second] = [group.buckets.slice(0, half), group.buckets.slice(half)]
    if (second.length > 0) return [first, second].map((buckets) => ({ ...group, buckets }))
    const depth = deeper(group.buckets, rows)
    if (depth === undefined) return [group]
    return grouped(await divided(this.#sides, group.buckets, { depth, tally, signal }), limits)
  }
}

function* batchesOf(differences: readonly Difference[]): Iterable<Batch<Difference>> {
  for (let start = 0; start < differences.length; start += BATCH_ITEMS) {
    yield { lane: LANE, position: undefined, items: differences.slice(start, start + BATCH_ITEMS) }
  }
}
