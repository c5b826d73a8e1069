import { UnavailableError } from '../core/errors.js'

/**
 * The result of `work`, or an `UnavailableError` after `deadlineMs`; the signal it is given aborts then too. For work that
 * may not listen to its signal, so that a command always ends.
 */
export async function within<Result>(
  deadlineMs: number,
  what: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort()
      reject(new UnavailableError('deadline', `${what}: no answer within ${deadlineMs / 1_000} s`))
    }, deadlineMs)
  })
  try {
    return await Promise.race([work(controller.signal), deadline])
  } finally {
    clearTimeout(timer)
  }
}
