import { createHash } from 'node:crypto'
import type { CompareOptions } from '../../../compare/compare.js'
import { partOf } from '../../../compare/sample.js'
import type { Distribute } from '../../../core/distribute.js'
import type { FlowContext, Sample } from '../../../core/flow.js'
import { HeldSnapshots } from '../../distributed/held-snapshots.js'
import type { Cut } from '../../distributed/range-kind.js'
import type { FoundPair, TablePair } from '../table-pair.js'
import type { TableSide } from '../table-side.js'
import { cutByKey } from './cut-tables.js'
import { DistributedComparison } from './distributed-comparison.js'
import { pairPrint, type RangeTask } from './range-task.js'

export interface DistributedTables {
  readonly pair: TablePair
  readonly opened: FoundPair
  readonly context: FlowContext
  readonly distribute: Distribute
  readonly fingerprint: string
}

/** The comparison of two tables that workers do. Disposing it gives back the snapshots that it holds for them. */
export class DistributedTablesComparison extends DistributedComparison {
  readonly #held: { snapshots?: HeldSnapshots }

  constructor(tables: DistributedTables, queue: NonNullable<FlowContext['queue']>, options: CompareOptions) {
    const { pair, context, distribute, fingerprint } = tables
    const held: { snapshots?: HeldSnapshots } = {}
    super({
      context,
      queue,
      distribute,
      fingerprint,
      resumable: options.resumable === true,
      progress: options.progress,
      cut: async (signal) => {
        await held.snapshots?.[Symbol.asyncDispose]()
        const databases = [...pair.left.databases, ...pair.right.databases]
        const snapshots = await HeldSnapshots.open(databases, distribute.snapshotMs, signal)
        held.snapshots = snapshots
        const named = { left: namesOf(pair.left, snapshots), right: namesOf(pair.right, snapshots) }
        return cutTables(tables, { options, snapshots: named, signal })
      },
    })
    this.#held = held
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.#held.snapshots?.[Symbol.asyncDispose]()
  }
}

async function cutTables(
  { pair, opened, distribute }: DistributedTables,
  { options, snapshots, signal }: Pick<RangeTask, 'snapshots'> & { options: CompareOptions; signal: AbortSignal },
): Promise<Cut<RangeTask>> {
  const { sample, settleMs } = options
  const { ranges } = distribute
  const shared = {
    pair: pairPrint(opened),
    snapshots,
    ...(sample === undefined ? {} : { sample: sampleTask(sample) }),
    ...(settleMs === undefined ? {} : { settleMs }),
  }
  const cut = await cutByKey(pair, opened, { ranges, signal })
  if (cut === undefined) {
    const of = Math.min(ranges, partOf(sample, undefined)?.length ?? ranges)
    const tasks = Array.from({ length: of }, (_, index): RangeTask => ({ ...shared, part: { index, of } }))
    return { by: 'hash', tasks }
  }
  const { ranges: all, ...keys } = cut
  return { by: 'key', tasks: all.map((borders) => ({ ...shared, keys: { ...keys, ...borders } })) }
}

/** Table by table. */
function namesOf({ tables }: TableSide, held: HeldSnapshots): RangeTask['snapshots']['left'] {
  return tables.map(({ database }) => held.nameOf(database))
}

function sampleTask({ share, seed }: Sample): NonNullable<RangeTask['sample']> {
  return { share, ...(seed === undefined ? {} : { seed }) }
}

/** Changes with what is said of tasks and results: processes of both kinds do no ranges for each other. */
const VERSION = 1

/** What decides how a range is compared, but for addresses: two configs that say the same do ranges for each other. */
export function tablesFingerprint({ left, right, reading, columns, tolerance }: TablePair, keyless: boolean): string {
  const side = ({ tables }: TableSide): unknown =>
    tables.map(({ name, query, options, database }) => ({ engine: database.engine, name, query, options }))
  const said = { left: side(left), right: side(right), reading, columns, tolerance, keyless }
  return createHash('sha256')
    .update(JSON.stringify(['check.tables', VERSION, said]))
    .digest('hex')
}
