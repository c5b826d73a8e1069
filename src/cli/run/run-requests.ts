/** Runs that somebody asks for beside the schedule. One that is asked for while nobody waits is not remembered. */
export class RunRequests {
  #wake: (() => void) | undefined

  /** Whether a request would be heard now. */
  get heard(): boolean {
    return this.#wake !== undefined
  }

  /** `false`: nobody waits for one. */
  ask(): boolean {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
    return wake !== undefined
  }

  /** Resolves with the next request; `over` ends the wait, which then never resolves. */
  next(over: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      over.addEventListener('abort', () => {
        if (this.#wake === resolve) this.#wake = undefined
      })
    })
  }
}
