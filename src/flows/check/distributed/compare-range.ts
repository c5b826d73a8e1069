import { type CompareOptions, compare } from '../../../compare/compare.js'
import type { Database, ReadOptions } from '../../../core/database.js'
import type { RangeContext, RangeJob } from '../../../core/distribute.js'
import type { SharedSnapshot } from '../../../core/key-range.js'
import type { Side } from '../../../core/repair.js'
import { Watch } from '../../../engine/watch.js'
import { asSchemaChange } from '../altered.js'
import { openPair, type TablePair } from '../table-pair.js'
import { rangeElsewhere } from './range-elsewhere.js'
import { pairPrint, type RangeResult, RangeTask } from './range-task.js'

/** What a worker's own config says of the comparison. */
export interface RangeCompared {
  readonly pair: TablePair
  readonly databases: readonly Database[]
  readonly options: Pick<CompareOptions, 'tolerance' | 'keyless' | 'targetMs' | 'settleMs'>
}

/** Compares the rows of one range of both sides, to the end: digests, rows that may differ, second looks. */
export async function compareRange(
  { pair, databases, options }: RangeCompared,
  job: RangeJob,
  { name, signal }: RangeContext,
): Promise<RangeResult> {
  const task = RangeTask.parse(job.task)
  const moments = new Moments(task)
  const reading = { left: moments.reading('left', pair), right: moments.reading('right', pair) }
  const opened = await openPair({ ...pair, reading }, name, signal)
  if (pairPrint(opened) !== task.pair) throw rangeElsewhere(name)
  const { part, sample, settleMs } = task
  const comparison = compare(opened.left, opened.right, {
    key: `flows.${name}`,
    ...options,
    ...(part === undefined ? {} : { part }),
    ...(sample === undefined ? {} : { sample: { share: sample.share, seed: sample.seed ?? 0 } }),
    ...(settleMs === undefined ? {} : { settleMs }),
  })
  await using watch = new Watch(databases)
  const within = AbortSignal.any([signal, watch.lost])
  try {
    for await (const { items } of comparison.read(new Map(), within)) {
      await job.found(items)
    }
    within.throwIfAborted()
  } catch (error) {
    throw within.aborted ? within.reason : asSchemaChange(error, name)
  }
  const { rows, buckets, differingBuckets, fetchedRows, passes, settled, digestMs, confirmMs } = comparison.statistics
  const counted = { rows: { left: String(rows.left), right: String(rows.right) }, buckets, differingBuckets }
  return { ...counted, fetchedRows, passes, settled, digestMs, confirmMs, ownMoment: moments.own }
}

/** In which moments a range is read. */
class Moments {
  own: boolean
  readonly #task: RangeTask

  constructor(task: RangeTask) {
    const { left, right } = task.snapshots
    this.#task = task
    this.own = [...left, ...right].some((snapshot) => snapshot === null)
  }

  reading(side: Side, { reading }: TablePair): TablePair['reading'][Side] {
    const { keys, snapshots } = this.#task
    const held = snapshots[side].map((name): SharedSnapshot | undefined =>
      name === null ? undefined : { name, lost: () => this.#lost() },
    )
    return { ...reading[side], ...rangeOf(keys, side), snapshots: held }
  }

  #lost(): void {
    this.own = true
  }
}

function rangeOf(keys: RangeTask['keys'], side: Side): Pick<ReadOptions, 'range'> {
  if (keys === undefined) return {}
  const { order, after, upTo } = keys
  return { range: { column: keys[side], order, after, upTo } }
}
