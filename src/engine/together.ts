import type { Batch, Items } from '../core/batch.js'

/** Writes after a refusal in which each batch stays alone. */
const CARE_WRITES = 64
/** A target that takes so long for a write is given no greater ones: they might never be done within their deadline. */
const SLOW_WRITE_MS = 1_000

export interface TogetherLimits<Item> {
  /** Items that are written at one time, at most; a batch that is larger is written alone. */
  readonly items: number
  /** The same in bytes, by `sizeOf`. */
  readonly bytes: number
  sizeOf(items: Items<Item>): number
  /** Whether an item will be taken out of its batch. */
  isFaulty(item: Item): boolean
}

/**
 * Decides how many batches that wait in a lane are written as one. A flow that has fallen behind then pays for a
 * transaction less often; one that keeps up never has two that wait. Only batches of which nothing is known to be bad are
 * put together, and for a while after a refusal none are, so that what is bad is looked for, and counted, in the batches
 * as the source made them.
 */
export class Together<Item> {
  readonly #limits: TogetherLimits<Item>
  #care = 0
  #slow = false

  constructor(limits: TogetherLimits<Item>) {
    this.#limits = limits
  }

  /** How many of `waiting`, at least one, are the next write. */
  count(waiting: readonly Batch<Item>[]): number {
    if (waiting.length < 2 || this.#limits.items === 0 || this.#slow) return 1
    if (this.#care > 0) {
      this.#care -= 1
      return 1
    }
    let items = 0
    let bytes = 0
    for (const [at, batch] of waiting.entries()) {
      items += batch.items.length
      bytes += this.#limits.sizeOf(batch.items)
      if (at > 0 && (items > this.#limits.items || bytes > this.#limits.bytes)) return at
      if (this.#hasFaults(batch.items)) return Math.max(1, at)
    }
    return waiting.length
  }

  /** Told that batches were refused together. */
  refused(): void {
    this.#care = CARE_WRITES
  }

  /** Told how long each write took. */
  took(durationMs: number): void {
    this.#slow = durationMs >= SLOW_WRITE_MS
  }

  #hasFaults(items: Items<Item>): boolean {
    for (const item of items) if (this.#limits.isFaulty(item)) return true
    return false
  }
}

/** The items of all batches of a lane, with the position after the last. */
export function merged<Item>(batches: readonly [Batch<Item>, ...Batch<Item>[]]): Batch<Item> {
  const [first] = batches
  const position = batches.findLast((batch) => batch.position !== undefined)?.position
  const items: Item[] = []
  for (const batch of batches) for (const item of batch.items) items.push(item)
  const { lane, unseenAt } = first
  return { lane, position, items, ...(unseenAt === undefined ? {} : { unseenAt }) }
}
