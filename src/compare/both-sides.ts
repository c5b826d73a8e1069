/**
 * Runs the same work on both sides at once. When one fails the other is aborted and waited for, so that nothing goes on
 * behind the caller's back; the first error is thrown.
 */
export async function bothSides<Result>(
  signal: AbortSignal,
  left: (signal: AbortSignal) => Promise<Result>,
  right: (signal: AbortSignal) => Promise<Result>,
): Promise<{ readonly left: Result; readonly right: Result }> {
  signal.throwIfAborted()
  const failure = new AbortController()
  const abort = (): void => failure.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const failed = (error: unknown): never => {
    failure.abort(error)
    throw error
  }
  try {
    const results = [left(failure.signal).catch(failed), right(failure.signal).catch(failed)] as const
    await Promise.allSettled(results)
    // The reason of the abort is the first failure; the other side's is only its echo.
    failure.signal.throwIfAborted()
    return { left: await results[0], right: await results[1] }
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
