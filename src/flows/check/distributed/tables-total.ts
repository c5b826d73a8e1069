import type { z } from 'zod'
import type { RangeKind } from '../../distributed/range-kind.js'
import { RangeResult, RangeTask } from './range-task.js'

const TablesTotal = RangeResult.omit({ ownMoment: true })
/** What the results of ranges add up to. */
export type TablesTotal = z.infer<typeof TablesTotal>

/** Of `check.tables`. */
export const TABLES_KIND: RangeKind<RangeTask, TablesTotal> = {
  task: RangeTask,
  total: TablesTotal,
  nothing: {
    rows: { left: '0', right: '0' },
    buckets: 0,
    differingBuckets: 0,
    fetchedRows: 0,
    passes: 0,
    settled: 0,
    digestMs: 0,
    confirmMs: 0,
  },
  add(total, range) {
    const result = RangeResult.parse(range.result)
    return {
      rows: { left: plus(total.rows.left, result.rows.left), right: plus(total.rows.right, result.rows.right) },
      buckets: total.buckets + result.buckets,
      differingBuckets: total.differingBuckets + result.differingBuckets,
      fetchedRows: total.fetchedRows + result.fetchedRows,
      passes: total.passes + result.passes,
      settled: total.settled + result.settled,
      digestMs: total.digestMs + result.digestMs,
      confirmMs: total.confirmMs + result.confirmMs,
    }
  },
}

function plus(one: string, other: string): string {
  return String(BigInt(one) + BigInt(other))
}
