import type { Items, Lane } from '../../core/batch.js'
import type { BatchLimits } from '../../core/stream.js'

/** What was gathered in a lane, in the order in which it came. */
export interface Gathered<Item> {
  readonly lane: Lane
  readonly items: Items<Item> & readonly Item[]
  readonly bytes: number
}

interface Open<Item> {
  readonly items: Item[]
  bytes: number
  readonly closesAt: number
}

/**
 * Makes batches of what a client library pushes, one promise per batch and none per item. It holds whatever is added:
 * whoever adds keeps `waitingItems` and `waitingBytes` bounded (flow control, `pause`).
 */
export class Gatherer<Item> {
  readonly #limits: BatchLimits
  readonly #open = new Map<Lane, Open<Item>>()
  readonly #closed: Gathered<Item>[] = []
  #ended: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined
  #waitingItems = 0
  #waitingBytes = 0

  constructor(limits: BatchLimits) {
    this.#limits = limits
  }

  /** Items added and not yet taken, those of closed batches included. */
  get waitingItems(): number {
    return this.#waitingItems
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Puts an item behind the others of its lane. `bytes`: what it counts towards the limit. */
  add(lane: Lane, item: Item, bytes: number): void {
    this.#waitingItems++
    this.#waitingBytes += bytes
    let open = this.#open.get(lane)
    if (open !== undefined && open.bytes + bytes > this.#limits.bytes) {
      this.#close(lane, open)
      open = undefined
    }
    if (open === undefined) {
      open = { items: [], bytes: 0, closesAt: performance.now() + this.#limits.waitMs }
      this.#open.set(lane, open)
      // Whoever waits for the first item must learn when its batch closes.
      if (this.#open.size === 1) this.#wake?.()
    }
    open.items.push(item)
    open.bytes += bytes
    if (open.items.length >= this.#limits.items || open.bytes >= this.#limits.bytes) this.#close(lane, open)
  }

  /** Nothing more comes. What was added is still given out; then `next` answers `undefined`, or throws `error`. */
  end(error?: unknown): void {
    this.#ended ??= { error }
    for (const [lane, open] of this.#open) this.#close(lane, open)
    this.#wake?.()
  }

  /** Forgets what nobody took, for one lane or for all. Answers it, so that it can be handed back. */
  drop(lane?: Lane): readonly Item[] {
    for (const [name, open] of this.#open) if (lane === undefined || lane === name) this.#close(name, open)
    const dropped = this.#closed.filter((batch) => lane === undefined || batch.lane === lane)
    const kept = this.#closed.filter((batch) => !dropped.includes(batch))
    this.#closed.splice(0, this.#closed.length, ...kept)
    for (const batch of dropped) this.#count(batch)
    return dropped.flatMap(({ items }) => items)
  }

  /**
   * The next batch, as soon as one is full or its first item has waited long enough; `undefined` after the end, or once
   * `signal` aborts. Throws what `end` was given. One caller at a time.
   */
  async next(signal: AbortSignal): Promise<Gathered<Item> | undefined> {
    for (;;) {
      if (signal.aborted) return undefined
      this.#closeOverdue()
      const batch = this.#closed.shift()
      if (batch !== undefined) {
        this.#count(batch)
        return batch
      }
      if (this.#ended !== undefined) {
        if (this.#ended.error === undefined) return undefined
        throw this.#ended.error
      }
      await this.#change(signal)
    }
  }

  #close(lane: Lane, { items, bytes }: Open<Item>): void {
    this.#open.delete(lane)
    this.#closed.push({ lane, items, bytes })
    this.#wake?.()
  }

  #closeOverdue(): void {
    const now = performance.now()
    for (const [lane, open] of this.#open) if (open.closesAt <= now) this.#close(lane, open)
  }

  #count({ items, bytes }: Gathered<Item>): void {
    this.#waitingItems -= items.length
    this.#waitingBytes -= bytes
  }

  /** Resolves with the next change, when the oldest open batch is due, or when `signal` aborts. */
  async #change(signal: AbortSignal): Promise<void> {
    const [oldest] = this.#open.values()
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const timer =
        oldest === undefined ? undefined : setTimeout(done, Math.max(0, Math.ceil(oldest.closesAt - performance.now())))
      signal.addEventListener('abort', done, { once: true })
      this.#wake = done
    })
  }
}
