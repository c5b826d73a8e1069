import type { BatchEvent } from '../../core/observer.js'
import { batchesIn, lastLagOf } from '../each-batch.js'

/** How one lane goes. */
export interface LaneFigures {
  readonly lane: string
  readonly items: number
  readonly batches: number
  /** Of its last batch. */
  readonly lagMs: number | undefined
  /** ms since 1970. */
  readonly lastBatchMs: number
}

interface Counted {
  items: number
  batches: number
  lagMs: number | undefined
  lastBatchMs: number
}

/** More are not kept apart; a source whose lanes come and go must not fill the memory. */
const MAX_LANES = 256

/** Lanes of a flow; the one that was idle for longest gives way to a new one. */
export class Lanes {
  readonly #lanes = new Map<string, Counted>()

  batch(nowMs: number, event: BatchEvent): void {
    const { lane } = event
    let counted = this.#lanes.get(lane)
    if (counted === undefined) {
      if (this.#lanes.size >= MAX_LANES) this.#forget()
      counted = { items: 0, batches: 0, lagMs: undefined, lastBatchMs: nowMs }
      this.#lanes.set(lane, counted)
    }
    counted.items += event.items
    counted.batches += batchesIn(event)
    counted.lagMs = lastLagOf(event)
    counted.lastBatchMs = nowMs
  }

  list(): readonly LaneFigures[] {
    return [...this.#lanes].map(([lane, counted]) => ({ lane, ...counted }))
  }

  #forget(): void {
    let idlest: string | undefined
    let since = Number.POSITIVE_INFINITY
    for (const [lane, { lastBatchMs }] of this.#lanes) {
      if (lastBatchMs >= since) continue
      since = lastBatchMs
      idlest = lane
    }
    if (idlest !== undefined) this.#lanes.delete(idlest)
  }
}
