import { setTimeout as delay } from 'node:timers/promises'
import { UnavailableError } from '../../../core/errors.js'
import { OBJECT_DAMAGED, storeTimeout, UPLOAD_GONE } from '../object-errors.js'

export interface AttemptLimits {
  /** For one request, in ms. */
  readonly timeoutMs: number
  /** For a request and its repetitions, in ms; whoever calls may have more patience. */
  readonly retryMs: number
}

export interface Attempt {
  /** The object or the place, for people. */
  readonly what: string
  readonly signal: AbortSignal
  translate(error: unknown, what: string): Error
}

const INITIAL_MS = 50
const MAX_MS = 5_000
/** What the next second will not mend. */
const LASTING = new Set(['store-credentials', 'store-full', UPLOAD_GONE, OBJECT_DAMAGED])

/** Does one request again while waiting may help: full jitter, so that clients that failed together do not come back together. */
export class Attempts {
  readonly #limits: AttemptLimits

  constructor(limits: AttemptLimits) {
    this.#limits = limits
  }

  get timeoutMs(): number {
    return this.#limits.timeoutMs
  }

  async run<Result>(attempt: Attempt, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const { what, signal, translate } = attempt
    const startedMs = performance.now()
    for (let failures = 1; ; failures++) {
      try {
        return await this.once({ what, signal }, work)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const known = translate(error, what)
        const waits = known instanceof UnavailableError && !LASTING.has(known.code)
        if (!waits || performance.now() - startedMs >= this.#limits.retryMs) throw known
        await pauseAfter(failures, signal)
      }
    }
  }

  /** One attempt with a deadline, also for a client that does not listen to its signal. */
  async once<Result>(
    { what, signal }: Pick<Attempt, 'what' | 'signal'>,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted()
    const { timeoutMs } = this.#limits
    const own = new AbortController()
    return new Promise<Result>((resolve, reject) => {
      const leave = (reason: unknown) => {
        own.abort(reason)
        reject(reason)
      }
      const stopped = () => leave(signal.reason)
      const timer = setTimeout(() => leave(storeTimeout(what, timeoutMs)), timeoutMs)
      signal.addEventListener('abort', stopped, { once: true })
      void work(own.signal)
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer)
          signal.removeEventListener('abort', stopped)
        })
    })
  }
}

/** @param failures in a row. */
export async function pauseAfter(failures: number, signal: AbortSignal): Promise<void> {
  const bound = Math.min(MAX_MS, INITIAL_MS * 2 ** Math.min(failures - 1, 20))
  await delay(Math.random() * bound, undefined, { signal })
}
