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

/** What is done with the batches. */
export interface LaneWork<Item> {
  sizeOf(batch: Batch<Item>): number
  /** How many of the batches that wait in a lane are stored at one time; at least one. */
  together(waiting: readonly Batch<Item>[]): number
  /** Stores batches of one lane. */
  store(batches: readonly Batch<Item>[]): Promise<void>
  /** Called with what `store` rejects with; by then the lanes are closed. */
  failed(error: unknown): void
}

interface Queue<Item> {
  readonly batches: Batch<Item>[]
  /** How many, from the first, are being stored. */
  begun: number
}

/**
 * Holds the batches that were read and stores them: lanes side by side, the batches of a lane one after the other in the
 * order in which they came, or several at one time. A lane exists only while it has batches, so sources may make as many lanes as they like.
 */
export class Lanes<Item> {
  readonly #limits: LaneLimits
  readonly #todo: LaneWork<Item>
  readonly #queues = new Map<Lane, Queue<Item>>()
  #count = 0
  #bytes = 0
  #writing = 0
  #closed = false
  #waiting: (() => void)[] = []

  constructor(limits: LaneLimits, todo: LaneWork<Item>) {
    this.#limits = limits
    this.#todo = todo
  }

  /** Resolves when one more batch may be read. */
  async room(): Promise<void> {
    await this.#until(() => this.#count < this.#limits.total && this.#bytes < this.#limits.bytes)
  }

  /** Takes a batch as soon as its lane has room. Once closed, it is dropped: it was not acknowledged. */
  async put(batch: Batch<Item>): Promise<void> {
    await this.#until(() => (this.#queues.get(batch.lane)?.batches.length ?? 0) < this.#limits.perLane)
    if (this.#closed) return
    this.#count++
    this.#bytes += this.#todo.sizeOf(batch)
    const queue = this.#queues.get(batch.lane)
    if (queue === undefined) {
      const first = { batches: [batch], begun: 0 }
      this.#queues.set(batch.lane, first)
      void this.#work(batch.lane, first)
    } else {
      queue.batches.push(batch)
    }
  }

  /** Drops all that has not begun. Batches that are being stored go on. */
  close(): void {
    this.#closed = true
    // What waits for its turn leaves by itself.
    for (const { batches, begun } of this.#queues.values())
      for (const batch of batches.splice(Math.max(1, begun))) this.#left(batch)
    this.#changed()
  }

  /** Resolves when every batch is stored, or dropped. */
  async settled(): Promise<void> {
    while (this.#count > 0) await this.#change()
  }

  /** Never rejects. The batches being stored stay first in their queue until they are. */
  async #work(lane: Lane, queue: Queue<Item>): Promise<void> {
    const { batches } = queue
    while (batches.length > 0) {
      if (await this.#turn()) {
        queue.begun = this.#todo.together(batches)
        await this.#write(batches.slice(0, queue.begun))
      }
      for (const batch of batches.splice(0, Math.max(1, queue.begun))) this.#left(batch)
      queue.begun = 0
      if (batches.length === 0) this.#queues.delete(lane)
      this.#changed()
    }
  }

  #left(batch: Batch<Item>): void {
    this.#count--
    this.#bytes -= this.#todo.sizeOf(batch)
  }

  /** Takes one of the places for writing as soon as there is one; none once closed, as what waits has not begun. */
  async #turn(): Promise<boolean> {
    while (!this.#closed && this.#writing >= this.#limits.writing) await this.#change()
    if (this.#closed) return false
    this.#writing++
    return true
  }

  async #write(batches: readonly Batch<Item>[]): Promise<void> {
    try {
      await this.#todo.store(batches)
    } catch (error) {
      this.close()
      this.#todo.failed(error)
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
