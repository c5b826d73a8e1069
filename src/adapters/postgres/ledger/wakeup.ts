/** A pause that others can cut short. */
export class Wakeup {
  readonly #sleepers = new Set<() => void>()

  /** Ends every pause under way. */
  wake(): void {
    for (const resolve of this.#sleepers) resolve()
    this.#sleepers.clear()
  }

  /** Resolves after `ms`, on `wake()` or when `signal` aborts, whichever comes first; without `ms` it waits on. */
  pause(signal: AbortSignal, ms?: number): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#sleepers.delete(done)
        resolve()
      }
      const timer = ms === undefined ? undefined : setTimeout(done, ms)
      signal.addEventListener('abort', done, { once: true })
      this.#sleepers.add(done)
    })
  }
}
