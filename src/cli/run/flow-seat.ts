import type { NamedFlow } from '../../config/select-flows.js'
import { EXIT, type ExitCode } from '../../core/errors.js'
import type { Instance } from '../../core/lease.js'
import type { Observer } from '../../core/observer.js'
import type { StateStore } from '../../core/state.js'
import { shutdown } from '../../engine/shutdown.js'
import type { FlowCommand } from '../../serve/desk.js'
import type { Signals } from '../signals.js'
import { systemClock } from './clock.js'
import { runFlow } from './run-flow.js'
import { RunRequests } from './run-requests.js'
import { runScheduled } from './run-scheduled.js'
import { scheduledFlow } from './scheduled-flow.js'

export interface SeatOptions {
  readonly observer: Observer
  readonly signals: Signals
  readonly untilCaughtUp: boolean
  /** Flows with a schedule run at once, one time. */
  readonly once: boolean
  readonly full?: boolean
  readonly standby?: boolean
  readonly instance?: Instance
  /** Flows that have ended may be started again, so the run goes on until a signal ends it. */
  readonly stays?: boolean
  /** Where instances of a flow with a schedule agree on who runs it. */
  stateOf(flow: NamedFlow): StateStore | undefined
  /** As `RunScope`. */
  readonly historyOf?: ((flow: NamedFlow) => Promise<StateStore | undefined>) | undefined
}

/** As long as a signal gives it. */
const DRAIN_MS = 25_000
const ABORT_MS = 3_000

type SeatState = 'running' | 'pausing' | 'paused' | 'over'

/**
 * One flow of a run: it is started, and may be paused, which drains it and no other, and started again. Its own signals
 * abort when it is paused and when the process is asked to stop.
 */
export class FlowSeat {
  readonly name: string
  readonly #named: NamedFlow
  readonly #options: SeatOptions
  readonly #requests = new RunRequests()
  #state: SeatState = 'running'
  #exitCode: ExitCode = EXIT.ok
  /** Drains the run that is under way. */
  #drain: () => void = () => {}
  #resume: () => void = () => {}

  constructor(named: NamedFlow, options: SeatOptions) {
    this.name = named.name
    this.#named = named
    this.#options = options
  }

  /** Until it has ended and nothing can start it again. Answers the exit code of its last run. */
  async live(): Promise<ExitCode> {
    const { drain } = this.#options.signals.shutdown
    for (;;) {
      this.#exitCode = await this.#run()
      const paused = this.#state === 'pausing'
      if (drain.aborted || (!paused && !this.#options.stays)) return this.#exitCode
      await this.#rest(paused ? 'paused' : 'over', drain)
      if (drain.aborted) return this.#leave(paused)
      this.#state = 'running'
    }
  }

  commands(): readonly FlowCommand[] {
    if (this.#options.signals.shutdown.drain.aborted) return []
    if (this.#state === 'pausing') return []
    if (this.#state !== 'running') return ['resume']
    return this.#requests.heard ? ['pause', 'run'] : ['pause']
  }

  command(command: FlowCommand): boolean {
    if (!this.commands().includes(command)) return false
    if (command === 'run') return this.#requests.ask()
    if (command === 'resume') this.#resume()
    else this.#pause()
    return true
  }

  #pause(): void {
    this.#state = 'pausing'
    this.#drain()
  }

  async #rest(state: 'paused' | 'over', drain: AbortSignal): Promise<void> {
    this.#state = state
    const { observer } = this.#options
    if (state === 'paused') observer({ flow: this.name, type: 'paused', kind: this.#named.flow.kind })
    await new Promise<void>((resolve) => {
      this.#resume = resolve
      drain.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** What is paused ends with the process, in good order. */
  #leave(paused: boolean): ExitCode {
    const exitCode = paused ? EXIT.ok : this.#exitCode
    if (paused) this.#options.observer({ flow: this.name, type: 'stopped', exitCode, error: undefined })
    return exitCode
  }

  async #run(): Promise<ExitCode> {
    const {
      signals,
      observer,
      untilCaughtUp,
      full = false,
      standby = false,
      instance,
      stateOf,
      historyOf,
    } = this.#options
    const own = ownSignals(signals)
    this.#drain = own.drainNow
    try {
      const { schedule } = this.#named.flow
      const scope = { observer, untilCaughtUp, full, standby, historyOf, ...(instance && { instance }), ...own }
      const run = (): Promise<ExitCode> => runFlow(this.#named, scope)
      if (schedule === undefined || this.#options.once || untilCaughtUp) return await run()
      const { drain, abort } = own
      const flow = scheduledFlow(this.#named, { schedule, observer, state: stateOf(this.#named), run })
      return await runScheduled(flow, { clock: systemClock, observer, drain, abort, requests: this.#requests })
    } finally {
      own.over()
    }
  }
}

interface OwnSignals {
  readonly drain: AbortSignal
  readonly abort: AbortSignal
  readonly overdue: Promise<void>
  drainNow(): void
  over(): void
}

/** Those of the process and of the seat together. A pause that takes too long becomes an abort, as with the process. */
function ownSignals({ shutdown: all, overdue }: Signals): OwnSignals {
  const own = shutdown()
  const timers: NodeJS.Timeout[] = []
  let resolveOverdue = (): void => {}
  const ownOverdue = new Promise<void>((resolve) => {
    resolveOverdue = resolve
  })
  return {
    drain: AbortSignal.any([all.drain, own.drain]),
    abort: AbortSignal.any([all.abort, own.abort]),
    overdue: Promise.race([overdue, ownOverdue]),
    drainNow() {
      own.request()
      timers.push(
        setTimeout(() => own.request(), DRAIN_MS),
        setTimeout(resolveOverdue, DRAIN_MS + ABORT_MS),
      )
    },
    over() {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
