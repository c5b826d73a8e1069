import { UnavailableError } from '../../core/errors.js'

/** What `work` resolves with, or an `UnavailableError` after `ms`. */
export async function within<Result>(ms: number, what: string, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new UnavailableError('deadline', `gave up waiting for ${what} after ${ms} ms`)
    timer = setTimeout(reject, ms, error)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What `work` resolves with, or `undefined` as soon as the signal aborts; `work` is then left to its own. */
export async function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result | undefined> {
  let stop: (() => void) | undefined
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
  })
  // Whoever left does not care how it ends.
  work.catch(() => undefined)
  try {
    return await Promise.race([aborted, work])
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }
}
