import type { FlowEvent } from '../core/observer.js'
import type { Settings } from './options.js'

/** Why and how far a run is on its way out: asked to drain, caught up, or aborted. Dispose it when the run is over. */
export class Ending implements Disposable {
  readonly #flow: string
  readonly #settings: Settings
  readonly #leaving = new AbortController()
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #caughtUp = false

  constructor(flow: string, settings: Settings) {
    this.#flow = flow
    this.#settings = settings
    const { drain, abort } = settings
    drain.addEventListener('abort', this.#onDrain, { once: true })
    abort.addEventListener('abort', this.#onAbort, { once: true })
    if (abort.aborted) this.#onAbort()
    else if (drain.aborted) this.#onDrain()
  }

  /** No batch is asked for once this has aborted; those that were read are finished. */
  get leaving(): AbortSignal {
    return this.#leaving.signal
  }

  /** Nothing is waited for once this has aborted. */
  get abort(): AbortSignal {
    return this.#abort.signal
  }

  get caughtUp(): boolean {
    return this.#caughtUp
  }

  /** Everything that was asked for is stored. */
  arrive(): void {
    if (this.#leaving.signal.aborted) return
    this.#caughtUp = true
    this.#tell({ flow: this.#flow, type: 'caught-up' })
    this.leave()
  }

  leave(): void {
    if (this.#leaving.signal.aborted) return
    this.#timer = setTimeout(this.#onAbort, this.#settings.drainMs)
    this.#leaving.abort()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#settings.drain.removeEventListener('abort', this.#onDrain)
    this.#settings.abort.removeEventListener('abort', this.#onAbort)
    this.#leaving.abort()
  }

  readonly #onDrain = () => {
    this.#tell({ flow: this.#flow, type: 'draining' })
    this.leave()
  }

  readonly #onAbort = () => {
    this.#leaving.abort()
    this.#abort.abort()
  }

  #tell(event: FlowEvent): void {
    this.#settings.observer(event)
  }
}
