import { type Comparison, LANE } from '../../../compare/compare.js'
import { type CompareStatistics, Tally } from '../../../compare/statistics.js'
import type { Batch, Checkpoints } from '../../../core/batch.js'
import type { Distributed } from '../../../core/check-report.js'
import type { Difference } from '../../../core/difference.js'
import { DistributedWork, type WorkOptions } from '../../distributed/distributed-work.js'
import { FoundDifference, type RangeTask } from './range-task.js'
import { TABLES_KIND, type TablesTotal } from './tables-total.js'

/** A comparison that workers do, range by range. */
export class DistributedComparison implements Comparison {
  readings = 0
  readonly #work: DistributedWork<RangeTask, TablesTotal>

  constructor(options: Omit<WorkOptions<RangeTask, TablesTotal>, 'kind'>) {
    this.#work = new DistributedWork({ ...options, kind: TABLES_KIND })
  }

  get statistics(): CompareStatistics {
    const { rows, ...figures } = this.#work.total
    return Object.assign(new Tally(), figures, { rows: { left: BigInt(rows.left), right: BigInt(rows.right) } })
  }

  get distributed(): Distributed {
    return this.#work.distributed
  }

  async *read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Difference>> {
    this.readings++
    for await (const { found, position } of this.#work.read(from.get(LANE), signal))
      yield { lane: LANE, position, items: found.map((item) => FoundDifference.parse(item)) }
  }

  async acknowledge(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
