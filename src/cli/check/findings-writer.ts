import type { NamedFlow } from '../../config/select-flows.js'
import type { CheckRun } from '../../core/check-store.js'
import { LockstepError } from '../../core/errors.js'
import type { StateStore } from '../../core/state.js'
import { CheckLines, type FindingsWriter, type LineFormat } from '../render/check-lines.js'
import { within } from '../within.js'
import { CheckHtml } from './check-html.js'

export type ReportFormat = LineFormat | 'html'

export interface WriterOptions {
  readonly flow: string
  readonly limit: number
  readonly moreInfo: boolean
  readonly state: StateStore | undefined
  write(text: string): void
}

/** Earlier runs that a report shows beside its own. */
const EARLIER = 40
const DEADLINE_MS = 5_000

export async function findingsWriter(format: ReportFormat, options: WriterOptions): Promise<FindingsWriter> {
  const { flow, limit, moreInfo: withRows, state, write } = options
  if (format !== 'html') return new CheckLines(format, flow, write)
  return new CheckHtml({ flow, limit, withRows, earlier: await earlierRuns(flow, state), write })
}

/** A report without its past is a report all the same. */
async function earlierRuns(flow: NamedFlow['name'], state: StateStore | undefined): Promise<readonly CheckRun[]> {
  if (state === undefined) return []
  try {
    return (
      await within(DEADLINE_MS, 'the state database', () => state.checks.list({ flow, limit: EARLIER }))
    ).toReversed()
  } catch (error) {
    if (error instanceof LockstepError) return []
    throw error
  }
}
