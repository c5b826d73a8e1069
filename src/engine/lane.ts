import type { Batch, Lane } from '../core/batch.js'

export interface LaneLimits {
  /** Batches of one lane, the one being stored included. */
  readonly perLane: number
  /** Batches of all lanes. */
  readonly total: number
  /** Batches that are stored at the same time. */
  readonly writing: number
  /** Of all lanes, by `sizeOf`; passed by one batch at most. */
  readonly bytes: number
}

/**
 * Holds the batches that were read and stores them: lanes side by side, the batches of a lane one at a time in the order
 * in which they came. A lane exists only while it has batches, so sources may make as many lanes as they like.
 */
export class Lanes<Item> {
  readonly #limits: LaneLimits
  readonly #sizeOf: (batch: Batch<Item>) => number
  readonly #store: (batch: Batch<Item>) => Promise<void>
  readonly #failed: (error: unknown) => void
  readonly #queues = new Map<Lane, Batch<Item>[]>()
  #count = 0
  #bytes = 0
  #writing = 0
  #closed = false
  #waiting: (() => void)[] = []

  /** `failed` is called with what `store` rejects with; by then the lanes are closed. */
  constructor(
    { sizeOf, ...limits }: LaneLimits & { sizeOf(batch: Batch<Item>): number },
    store: (batch: Batch<Item>) => Promise<void>,
    failed: (error: unknown) => void,
  ) {
    this.#limits = limits
    this.#sizeOf = sizeOf
    this.#store = store
    this.#failed = failed
  }

  /** Resolves when one more batch may be read. */
  async room(): Promise<void> {
    await this.#until(() => this.#count < this.#limits.total && this.#bytes < this.#limits.bytes)
  }

  /** Takes a batch as soon as its lane has room. Once closed, it is dropped: it was not acknowledged. */
  async put(batch: Batch<Item>): Promise<void> {
    await this.#until(() => (this.#queues.get(batch.lane)?.length ?? 0) < this.#limits.perLane)
    if (this.#closed) return
    this.#count++
    this.#bytes += this.#sizeOf(batch)
    const queue = this.#queues.get(batch.lane)
    if (queue === undefined) {
      const first = [batch]
      this.#queues.set(batch.lane, first)
      void this.#work(batch.lane, first)
    } else {
      queue.push(batch)
    }
  }

  /** Drops all that has not begun. Batches that are being stored go on. */
  close(): void {
    this.#closed = true
    for (const queue of this.#queues.values()) for (const batch of queue.splice(1)) this.#left(batch)
    this.#changed()
  }

  /** Resolves when every batch is stored, or dropped. */
  async settled(): Promise<void> {
    while (this.#count > 0) await this.#change()
  }

  /** Never rejects. The batch being stored stays first in its queue until it is. */
  async #work(lane: Lane, queue: Batch<Item>[]): Promise<void> {
    for (let batch = queue[0]; batch !== undefined; batch = queue[0]) {
      if (await this.#turn()) await this.#write(batch)
      queue.shift()
      this.#left(batch)
      if (queue.length === 0) this.#queues.delete(lane)
      this.#changed()
    }
  }

  #left(batch: Batch<Item>): void {
    this.#count--
    this.#bytes -= this.#sizeOf(batch)
  }

  /** Takes one of the places for writing as soon as there is one; none once closed, as what waits has not begun. */
  async #turn(): Promise<boolean> {
    while (!this.#closed && this.#writing >= this.#limits.writing) await this.#change()
    if (this.#closed) return false
    this.#writing++
    return true
  }

  async #write(batch: Batch<Item>): Promise<void> {
    try {
      await this.#store(batch)
    } catch (error) {
      this.close()
      this.#failed(error)
    } finally {
      this.#writing--
    }
  }

  async #until(free: () => boolean): Promise<void> {
    while (!this.#closed && !free()) await this.#change()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  #changed(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
