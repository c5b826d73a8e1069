import type { Lane } from '../../core/batch.js'

export interface LaneLog<Item> {
  readonly items: Item[]
  /** When each item was appended. */
  readonly times: number[]
  /** How many of the items, from the first on, are acknowledged. */
  acknowledged: number
}

/** What was appended, and how much of it is acknowledged; outlives the sources that read it, as a broker does. */
export class MemoryLog<Item> {
  readonly lanes = new Map<Lane, LaneLog<Item>>()
  #ended = false
  #waiting: (() => void)[] = []

  /** Nothing will be appended any more. */
  get ended(): boolean {
    return this.#ended
  }

  append(lane: Lane, items: Iterable<Item>): void {
    const log = this.lanes.get(lane) ?? { items: [], times: [], acknowledged: 0 }
    this.lanes.set(lane, log)
    const now = Date.now()
    for (const item of items) {
      log.items.push(item)
      log.times.push(now)
    }
    this.changed()
  }

  end(): void {
    this.#ended = true
    this.changed()
  }

  acknowledged(lane: Lane): number {
    return this.lanes.get(lane)?.acknowledged ?? 0
  }

  changed(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Resolves with the next change, or when `signal` aborts. */
  async change(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        resolve()
      }
      signal.addEventListener('abort', wake, { once: true })
      this.#waiting.push(wake)
    })
  }
}
