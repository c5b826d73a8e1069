/**
 * Aborts `controller` as soon as one of the signals does. Dispose it to let go of the signals: `AbortSignal.any` cannot,
 * and signals that live as long as the process would gather a listener per use.
 */
export function link(controller: AbortController, ...signals: readonly AbortSignal[]): Disposable {
  const listeners = signals.map((signal) => {
    const listener = () => controller.abort(signal.reason)
    if (signal.aborted) listener()
    else signal.addEventListener('abort', listener, { once: true })
    return { signal, listener }
  })
  return {
    [Symbol.dispose]() {
      for (const { signal, listener } of listeners) signal.removeEventListener('abort', listener)
    },
  }
}
