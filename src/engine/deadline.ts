import { UnavailableError } from '../core/errors.js'

export interface Limit {
  /** What is waited for, in words that follow "waiting for": `the write of lane 3`. */
  readonly what: string
  readonly ms: number
  /** Ends the wait early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Waits for `work`, but never longer than `limit.ms`: then it rejects with an `UnavailableError` (`deadline`) that names
 * what timed out. The signal that `work` is given aborts at that moment, or when `limit.signal` does; whether `work`
 * heeds it makes no difference to the caller. Nothing is left behind on `limit.signal` once the promise has settled.
 */
export async function deadline<Result>(limit: Limit, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const { what, ms, signal } = limit
  signal?.throwIfAborted()
  const inner = new AbortController()
  return new Promise<Result>((resolve, reject) => {
    const stop = (reason: unknown) => {
      settle()
      inner.abort(reason)
      reject(reason)
    }
    const onAbort = () => stop(signal?.reason)
    const timer = setTimeout(
      () => stop(new UnavailableError('deadline', `gave up waiting for ${what} after ${ms} ms`)),
      ms,
    )
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    invoke(work, inner.signal).then(
      (result) => {
        settle()
        resolve(result)
      },
      (error: unknown) => {
        settle()
        reject(error)
      },
    )
  })
}

/** Makes a rejection of what `work` throws before it returns its promise. */
async function invoke<Result>(work: (signal: AbortSignal) => Promise<Result>, signal: AbortSignal): Promise<Result> {
  return work(signal)
}
