import type { NamedFlow } from '../../config/select-flows.js'
import { EXIT, type ExitCode, exitCodeOf, LockstepError } from '../../core/errors.js'
import type { FlowKind } from '../../core/flow.js'
import type { Instance } from '../../core/lease.js'
import type { Observer } from '../../core/observer.js'
import type { StateStore } from '../../core/state.js'
import { openQueue } from '../../worker/open-queue.js'
import { VERDICT_EXIT } from '../exit-codes.js'
import { onlyReads } from '../open-config.js'
import { sweepBesideCheck } from '../small-heap.js'

export interface RunScope {
  readonly observer: Observer
  readonly drain: AbortSignal
  readonly abort: AbortSignal
  /** Resolves when whoever has not returned after an abort is left behind. */
  readonly overdue: Promise<void>
  readonly untilCaughtUp: boolean
  readonly full?: boolean
  /** As `FlowContext`. */
  readonly standby?: boolean
  readonly instance?: Instance
  /** Where a flow that checks or publishes keeps its runs, prepared. Asked before each run; must not reject. */
  readonly historyOf?: ((flow: NamedFlow) => Promise<StateStore | undefined>) | undefined
}

/** Runs a flow to its end, which is told to the observer. Never rejects. */
export async function runFlow({ name, flow }: NamedFlow, scope: RunScope): Promise<ExitCode> {
  const { observer, drain, abort, overdue, untilCaughtUp, full = false, standby = false, instance, historyOf } = scope
  const stopped = (exitCode: ExitCode, error: Error | undefined): ExitCode => {
    observer({ flow: name, type: 'stopped', exitCode, error })
    return exitCode
  }
  // Parts of a flow that has failed may still be at work; they must not outlive it.
  const over = new AbortController()
  const findings = new Findings(flow.kind, observer)
  observer({ flow: name, type: 'started', kind: flow.kind })
  try {
    const state = onlyReads(flow) ? await historyOf?.({ name, flow }) : undefined
    using _swept = flow.kind === 'check' ? sweepBesideCheck() : undefined
    await using queue = openQueue(flow)
    const given = { ...(state && { state }), ...(instance && { instance }), ...(queue && { queue }) }
    const context = { name, observer: findings.observer, drain, untilCaughtUp, full, standby, ...given }
    const running = flow.run({ ...context, abort: AbortSignal.any([abort, over.signal]) })
    await Promise.race([running, overdue])
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
