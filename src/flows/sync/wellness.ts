import type { Observer } from '../../core/observer.js'

/** Whether everything that two sides need of each other can be reached, as the events of its parts tell. */
export class Wellness {
  readonly #red = new Set<string>()
  #fell = new AbortController()

  /** An observer for one part, which has red and green of its own for each subject. */
  watching(part: string, observer: Observer): Observer {
    return (event) => {
      if (event.type === 'health') this.#note(`${part} ${event.subject}`, event.healthy)
      observer(event)
    }
  }

  /** Aborts as soon as something cannot be reached; it has already, when that is so now. */
  get unwell(): AbortSignal {
    return this.#fell.signal
  }

  #note(what: string, healthy: boolean): void {
    if (!healthy) {
      this.#red.add(what)
      this.#fell.abort()
    } else if (this.#red.delete(what) && this.#red.size === 0) this.#fell = new AbortController()
  }
}
