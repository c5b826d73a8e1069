import { UnavailableError } from '../../core/errors.js'

interface Limit {
  readonly ms: number
  /** Of whom an answer is wanted, for the error. */
  readonly what: string
  readonly signal?: AbortSignal
}

/**
 * The result of a call to the client, which has retries of its own but no end: an `UnavailableError` when it is late, the
 * signal's reason when it aborts. The call is then left to its own.
 */
export async function within<Result>({ ms, what, signal }: Limit, call: () => Promise<Result>): Promise<Result> {
  signal?.throwIfAborted()
  return new Promise<Result>((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      end()
    }
    const aborted = () => settle(() => reject(signal?.reason))
    const late = () =>
      settle(() => reject(new UnavailableError('kafka-timeout', `${what} did not answer within ${ms} ms`)))
    const timer = setTimeout(late, ms)
    signal?.addEventListener('abort', aborted, { once: true })
    call().then(
      (result) => settle(() => resolve(result)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
