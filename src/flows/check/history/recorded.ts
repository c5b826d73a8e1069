import type { CheckReport } from '../../../core/check-report.js'
import type { CheckSubject, EndedCheckRun, FoundCounts } from '../../../core/check-store.js'
import { EXIT, exitCodeOf, LockstepError } from '../../../core/errors.js'
import type { CheckOptions, FlowContext } from '../../../core/flow.js'
import { numberFinding, type RowShape, rowFinding, shapeOf } from './finding.js'
import type { HistorySettings } from './options.js'
import { Recorder } from './recorder.js'

export interface Recording {
  readonly context: FlowContext
  readonly options: CheckOptions
  /** What is compared. */
  readonly subject: CheckSubject
  /** `undefined`: nothing is kept. */
  readonly settings: HistorySettings | undefined
}

/** Runs a check and keeps it in the history, where there is one. Its outcome is never another for that. */
export async function recorded(
  recording: Recording,
  check: (options: CheckOptions) => Promise<CheckReport>,
): Promise<CheckReport> {
  const { context, options, subject, settings } = recording
  const { state, observer, name: flow } = context
  if (state === undefined || settings === undefined) return check(options)
  const run = { id: newRunId(), flow, subject, startedAt: new Date().toISOString() }
  const tell = (message: string): void =>
    observer({ flow, type: 'notice', level: 'warn', code: 'history-unwritten', message })
  const recorder = new Recorder({ store: state.checks, run, settings, abort: context.abort, tell })
  try {
    const report = await check(listening(options, recorder, settings))
    const ended = { report, exitCode: VERDICT_EXIT[report.verdict], error: undefined, endedAt: now() }
    await recorder.end(ended, countsOf(report))
    return report
  } catch (error) {
    await recorder.end(failure(error, context))
    throw error
  }
}

function listening(options: CheckOptions, recorder: Recorder, { keepRows }: HistorySettings): CheckOptions {
  let shape: RowShape = { columns: [], keyless: true }
  return {
    ...options,
    begun(schemas) {
      shape = shapeOf(schemas.left)
      options.begun?.(schemas)
    },
    difference(difference) {
      recorder.take(rowFinding(difference, shape, keepRows))
      options.difference?.(difference)
    },
    finding(finding) {
      recorder.take(numberFinding(finding))
      options.finding?.(finding)
    },
  }
}

/** As the command line exits. */
const VERDICT_EXIT = { same: EXIT.ok, different: EXIT.different, unverified: EXIT.unavailable } as const

function failure(error: unknown, { drain }: FlowContext): Omit<EndedCheckRun, 'found'> {
  const ended = { report: undefined, endedAt: now() }
  if (drain.aborted) {
    return { ...ended, exitCode: EXIT.unavailable, error: { code: 'aborted', message: 'it was asked to stop' } }
  }
  // Only these are known to hold no values.
  if (!(error instanceof LockstepError)) {
    const name = error instanceof Error ? error.name : 'an error'
    return { ...ended, exitCode: EXIT.unexpected, error: { code: 'unexpected', message: name } }
  }
  const [message = ''] = error.message.split('\n')
  return { ...ended, exitCode: exitCodeOf(error), error: { code: error.code, message } }
}

/** Beginning again after a lost connection, a check may tell of what it does not find again: the report counts. */
function countsOf(report: CheckReport): FoundCounts['byKind'] {
  if (report.kind === 'references') {
    const { mismatch, unreferenced, orphan, unstable } = report
    return withoutZeros({ mismatch, unreferenced, orphan, unstable })
  }
  const { missingLeft, missingRight, changed, copies = 0, unstable } = report
  return withoutZeros({ 'missing-left': missingLeft, 'missing-right': missingRight, changed, copies, unstable })
}

function withoutZeros(byKind: FoundCounts['byKind']): FoundCounts['byKind'] {
  return Object.fromEntries(Object.entries(byKind).filter(([, count]) => count > 0))
}

function now(): string {
  return new Date().toISOString()
}

/** Short enough to be typed, long enough never to meet another in a database that keeps some thousand. */
function newRunId(): string {
  return crypto.randomUUID().replaceAll('-', '').slice(0, 12)
}
