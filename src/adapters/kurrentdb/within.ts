import { UnavailableError } from '../../core/errors.js'
import type { Doing } from './errors.js'

export interface Limit extends Doing {
  readonly ms: number
  readonly signal?: AbortSignal
}

/** Waits for `work`, until its time is over (`UnavailableError`) or the signal aborts (its reason). */
export async function within<Result>({ what, label, ms, signal }: Limit, work: Promise<Result>): Promise<Result> {
  const end = new AbortController()
  const late = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(
      () => reject(new UnavailableError('deadline', `${label}: ${what} was not answered within ${ms} ms`)),
      ms,
    )
    const abort = () => reject(signal?.reason)
    end.signal.addEventListener('abort', () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    })
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
  // Whoever loses the race may still fail, and nobody listens then.
  work.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    end.abort()
  }
}
