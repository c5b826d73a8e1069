import { setTimeout as delay } from 'node:timers/promises'
import { mayPass, storeTimeout } from '../object-errors.js'
import { StoreWatch } from './store-watch.js'

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
  translate(error: unknown): Error
}

const INITIAL_MS = 50
const MAX_MS = 5_000

/** Does one request again while waiting may help: full jitter, so that clients that failed together do not come back together. */
export class Attempts {
  readonly watch = new StoreWatch()
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
    const request = {}
    try {
      for (let failures = 1; ; failures++) {
        try {
          const result = await this.once({ what, signal }, work)
          this.watch.worked(request)
          return result
        } catch (error) {
          if (signal.aborted) throw signal.reason
          const known = translate(error)
          const ms = performance.now() - startedMs
          if (!mayPass(known) || ms >= this.#limits.retryMs) throw known
          this.watch.failed(request, { failures, ms, reason: known.message })
          await pauseAfter(failures, signal)
        }
      }
    } finally {
      this.watch.left(request)
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
