import { z } from 'zod'
import type { Distributed } from '../../core/check-report.js'
import type { DoneRange } from '../../core/distribute.js'

/** A kind of work that is shared out range by range: what is said of a range, and what comes of those that are done. All of it is JSON. */
export interface RangeKind<Task, Total> {
  readonly task: z.ZodType<Task>
  readonly total: z.ZodType<Total>
  /** Of no range at all. */
  readonly nothing: Total
  /** With one more. Ranges come in the order in which they are done. Throws when its result is not what a worker tells. */
  add(total: Total, range: DoneRange): Total
}

/** Ranges of the work, which together are all of it. */
export interface Cut<Task> extends Pick<Distributed, 'by'> {
  readonly tasks: readonly Task[]
}

/** What the result of a range of any kind has. */
export const RangeMoment = z.object({
  /** It was not read in the snapshots that the coordinator holds. */
  ownMoment: z.boolean(),
})
