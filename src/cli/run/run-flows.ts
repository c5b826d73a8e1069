import type { NamedFlow } from '../../config/select-flows.js'
import { EXIT, type ExitCode, exitCodeOf, LockstepError } from '../../core/errors.js'
import type { Observer } from '../../core/observer.js'
import { worst } from '../exit-codes.js'
import type { Signals } from '../signals.js'

export interface RunFlowsOptions {
  readonly observer: Observer
  readonly signals: Signals
  readonly untilCaughtUp: boolean
}

/** Runs the flows side by side. One that fails is told to the observer and does not stop the others. */
export async function runFlows(flows: readonly NamedFlow[], options: RunFlowsOptions): Promise<ExitCode> {
  const codes = await Promise.all(flows.map((flow) => runFlow(flow, options)))
  return worst(codes)
}

async function runFlow({ name, flow }: NamedFlow, options: RunFlowsOptions): Promise<ExitCode> {
  const { observer, signals, untilCaughtUp } = options
  const { drain, abort } = signals.shutdown
  const stopped = (exitCode: ExitCode, error: Error | undefined): ExitCode => {
    observer({ flow: name, type: 'stopped', exitCode, error })
    return exitCode
  }
  // Parts of a flow that has failed may still be at work; they must not outlive it.
  const over = new AbortController()
  observer({ flow: name, type: 'started', kind: flow.kind })
  try {
    const running = flow.run({ name, observer, drain, abort: AbortSignal.any([abort, over.signal]), untilCaughtUp })
    await Promise.race([running, signals.overdue])
    return stopped(abort.aborted ? EXIT.aborted : EXIT.ok, undefined)
  } catch (error) {
    // What an aborted flow throws is the abort, and what it was waiting for when it was asked to stop is no failure.
    if (abort.aborted) return stopped(EXIT.aborted, undefined)
    if (drain.aborted && isAbort(error)) return stopped(EXIT.ok, undefined)
    return stopped(exitCodeOf(error), error instanceof Error ? error : new Error(String(error)))
  } finally {
    over.abort()
  }
}

function isAbort(error: unknown): boolean {
  if (error instanceof LockstepError) return error.code === 'aborted'
  return error instanceof Error && error.name === 'AbortError'
}
