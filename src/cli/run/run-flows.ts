import type { NamedFlow } from '../../config/select-flows.js'
import { EXIT, type ExitCode, exitCodeOf, LockstepError } from '../../core/errors.js'
import type { FlowKind } from '../../core/flow.js'
import type { Observer } from '../../core/observer.js'
import type { StateStore } from '../../core/state.js'
import { VERDICT_EXIT, worst } from '../exit-codes.js'
import type { Signals } from '../signals.js'
import { systemClock } from './clock.js'
import { runScheduled } from './run-scheduled.js'
import { scheduledFlow } from './scheduled-flow.js'

export interface RunFlowsOptions {
  readonly observer: Observer
  readonly signals: Signals
  readonly untilCaughtUp: boolean
  /** Flows with a schedule run at once, one time. */
  readonly once: boolean
  readonly full?: boolean
  /** Where instances of a flow with a schedule agree on who runs it. */
  stateOf(flow: NamedFlow): StateStore | undefined
}

/** Runs the flows side by side. One that fails is told to the observer and does not stop the others. */
export async function runFlows(flows: readonly NamedFlow[], options: RunFlowsOptions): Promise<ExitCode> {
  const once = options.once || options.untilCaughtUp
  const codes = await Promise.all(
    flows.map((named) => {
      const { schedule } = named.flow
      const run = (): Promise<ExitCode> => runFlow(named, options)
      if (schedule === undefined || once) return run()
      const { observer, signals, stateOf } = options
      const { drain, abort } = signals.shutdown
      const flow = scheduledFlow(named, { schedule, observer, state: stateOf(named), run })
      return runScheduled(flow, { clock: systemClock, observer, drain, abort })
    }),
  )
  return worst(codes)
}

async function runFlow({ name, flow }: NamedFlow, options: RunFlowsOptions): Promise<ExitCode> {
  const { observer, signals, untilCaughtUp, full = false } = options
  const { drain, abort } = signals.shutdown
  const stopped = (exitCode: ExitCode, error: Error | undefined): ExitCode => {
    observer({ flow: name, type: 'stopped', exitCode, error })
    return exitCode
  }
  // Parts of a flow that has failed may still be at work; they must not outlive it.
  const over = new AbortController()
  const findings = new Findings(flow.kind, observer)
  observer({ flow: name, type: 'started', kind: flow.kind })
  try {
    const context = { name, observer: findings.observer, drain, untilCaughtUp, full }
    const running = flow.run({ ...context, abort: AbortSignal.any([abort, over.signal]) })
    await Promise.race([running, signals.overdue])
    return stopped(abort.aborted ? EXIT.aborted : findings.exitCode, undefined)
  } catch (error) {
    // What an aborted flow throws is the abort, and what it was waiting for when it was asked to stop is no failure.
    if (abort.aborted) return stopped(EXIT.aborted, undefined)
    if (drain.aborted && isAbort(error)) return stopped(findings.exitCode, undefined)
    return stopped(exitCodeOf(error), error instanceof Error ? error : new Error(String(error)))
  } finally {
    over.abort()
  }
}

/** A check that ends well has found something out, and its exit code says what; other flows only tell how they stand. */
class Findings {
  exitCode: ExitCode
  readonly observer: Observer

  constructor(kind: FlowKind, observer: Observer) {
    // Until there is a verdict nobody can say that the sides are the same.
    this.exitCode = kind === 'check' ? VERDICT_EXIT.unverified : EXIT.ok
    this.observer = (event) => {
      if (kind === 'check' && event.type === 'verdict') this.exitCode = VERDICT_EXIT[event.verdict]
      observer(event)
    }
  }
}

function isAbort(error: unknown): boolean {
  if (error instanceof LockstepError) return error.code === 'aborted'
  return error instanceof Error && error.name === 'AbortError'
}
