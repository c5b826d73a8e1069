import type { Place } from './place.js'

/** Marks how far a stretch without events goes, but not more often than each `everyMs`: the last place is never lost. */
export class Marker {
  readonly #everyMs: number
  readonly #mark: (place: Place) => void
  #place: Place | undefined
  #timer: NodeJS.Timeout | undefined
  #markedAt = Number.NEGATIVE_INFINITY

  constructor(everyMs: number, mark: (place: Place) => void) {
    this.#everyMs = everyMs
    this.#mark = mark
  }

  moved(place: Place): void {
    this.#place = place
    this.#timer ??= setTimeout(this.#due, Math.max(0, this.#markedAt + this.#everyMs - performance.now())).unref()
  }

  /** An event came, whose place is further. */
  passed(): void {
    this.#place = undefined
  }

  readonly #due = () => {
    this.#timer = undefined
    if (this.#place === undefined) return
    this.#markedAt = performance.now()
    this.#mark(this.#place)
    this.#place = undefined
  }
}
