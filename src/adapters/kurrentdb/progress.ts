import { isAfter, type Place } from './place.js'

/** How far a source is acknowledged, and who waits for it to go further. */
export class Progress {
  #place: Place | undefined
  #waiting: (() => void)[] = []

  get place(): Place | undefined {
    return this.#place
  }

  /** Where reading begins: what is before was stored. */
  reset(place: Place | undefined): void {
    this.#place = place
    this.#wake()
  }

  advance(place: Place): void {
    this.#place = place
    this.#wake()
  }

  /** Resolves when all up to `goal` is acknowledged; rejects with the signal's reason. */
  async reach(goal: Place, signal: AbortSignal): Promise<void> {
    while (this.#place === undefined || isAfter(goal, this.#place)) {
      signal.throwIfAborted()
      await this.#change(signal)
    }
  }

  async #change(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        resolve()
      }
      signal.addEventListener('abort', wake, { once: true })
      this.#waiting.push(wake)
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}
