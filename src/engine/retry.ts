import { UnavailableError } from '../core/errors.js'
import type { Observer } from '../core/observer.js'
import { deadline } from './deadline.js'
import type { Health } from './health.js'

export interface RetryOptions {
  /** Upper bound of the first delay, in ms; doubled with each attempt. Default 100. */
  readonly initialMs: number
  /** Upper bound of every delay, in ms. Default 5,000, so that a flow goes on within 10 s of its database. */
  readonly maxMs: number
  /** Default `Math.random`. */
  readonly random: () => number
}

/**
 * The delay before attempt `attempt + 1`, in ms: anything from 0 to the bound ("full jitter"), so that lanes and
 * processes that failed together do not come back together.
 */
export function backOffMs(attempt: number, options: RetryOptions): number {
  const bound = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(attempt - 1, 30))
  return Math.floor(options.random() * bound)
}

/** Resolves after `ms`, or as soon as one of the signals aborts. Leaves nothing behind. */
export async function pause(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  if (signals.some((signal) => signal.aborted)) return
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    for (const signal of signals) signal.addEventListener('abort', done, { once: true })
  })
}

export interface Call {
  readonly lane: string
  /** Whose health it tells, e.g. a database's label. */
  readonly subject: string
  /** For the message of a passed deadline. */
  readonly what: string
  readonly deadlineMs: number
}

export interface RetryScope {
  readonly flow: string
  readonly observer: Observer
  readonly health: Health
  readonly options: RetryOptions
  /** Ends waiting: what is being tried gets one last attempt. */
  readonly leaving: AbortSignal
  /** Ends everything at once. */
  readonly abort: AbortSignal
}

/**
 * Tries until it works, as long as what it throws is an `UnavailableError`; each attempt (the first is 1) has the call's
 * deadline. Anything else goes to the caller, as does the last `UnavailableError` once the run is leaving.
 */
export async function retry<Result>(
  scope: RetryScope,
  call: Call,
  work: (attempt: number, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { flow, observer, health } = scope
  const { lane, subject, what, deadlineMs } = call
  for (let attempt = 1; ; attempt++) {
    const last = scope.leaving.aborted
    try {
      const result = await deadline({ what, ms: deadlineMs, signal: scope.abort }, (signal) => work(attempt, signal))
      health.worked(subject, lane)
      return result
    } catch (error) {
      if (!(error instanceof UnavailableError)) {
        // An answer, if a bad one: whoever gave it is there.
        if (!scope.abort.aborted) health.worked(subject, lane)
        throw error
      }
      health.failed(subject, lane, error.message)
      if (last) throw error
      const delayMs = backOffMs(attempt, scope.options)
      observer({ flow, type: 'retry', lane, attempt, delayMs, error })
      await pause(delayMs, scope.leaving, scope.abort)
    }
  }
}
