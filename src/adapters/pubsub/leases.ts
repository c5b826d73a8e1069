import type { Message } from '../../core/message.js'
import type { SubscriberCalls } from './calls.js'

/** A message that was delivered, and what it is acknowledged with. */
export interface Delivery {
  readonly message: Message
  readonly ackId: string
  readonly bytes: number
  /** `performance.now()` */
  readonly receivedAt: number
  renewedAt: number
}

export interface LeaseOptions {
  readonly leaseMs: number
  readonly maxExtensionMs: number
}

/** A lease is renewed when this share of it is over, so two renewals may fail. */
const RENEW_AFTER = 1 / 3

/**
 * Everything that was delivered and is not yet acknowledged or handed back. Renews the leases of all of it for as long as
 * it is held, also when nobody reads any more: batches are still being stored then.
 */
export class Leases {
  readonly #calls: SubscriberCalls
  readonly #options: LeaseOptions
  readonly #held = new Set<Delivery>()
  readonly #clock: NodeJS.Timeout
  #bytes = 0
  #renewing = false

  constructor(calls: SubscriberCalls, options: LeaseOptions) {
    this.#calls = calls
    this.#options = options
    this.#clock = setInterval(() => void this.#renew(), options.leaseMs / 12)
    this.#clock.unref()
  }

  get size(): number {
    return this.#held.size
  }

  get bytes(): number {
    return this.#bytes
  }

  add(delivery: Delivery): void {
    this.#held.add(delivery)
    this.#bytes += delivery.bytes
  }

  release(deliveries: Iterable<Delivery>): void {
    for (const delivery of deliveries) if (this.#held.delete(delivery)) this.#bytes -= delivery.bytes
  }

  /** Hands messages back, so that another instance gets them at once. When that fails their leases run out by themselves. */
  async handBack(deliveries: readonly Delivery[], deadlineMs: number): Promise<void> {
    this.release(deliveries)
    const ackIds = deliveries.map(({ ackId }) => ackId)
    await this.#calls.modify(ackIds, 0, deadlineMs).catch(() => undefined)
  }

  async handBackAll(deadlineMs: number): Promise<void> {
    await this.handBack([...this.#held], deadlineMs)
  }

  close(): void {
    clearInterval(this.#clock)
  }

  /** One after the other: while the server does not answer there is no use in asking more. */
  async #renew(): Promise<void> {
    if (this.#renewing) return
    this.#renewing = true
    try {
      const due = this.#due()
      const ackIds = due.map(({ ackId }) => ackId)
      if (ackIds.length > 0) await this.#calls.modify(ackIds, this.#options.leaseMs)
      const now = performance.now()
      for (const delivery of due) delivery.renewedAt = now
    } catch {
      // Tried again at the next tick; whoever reads notices when the server is away.
    } finally {
      this.#renewing = false
    }
  }

  #due(): readonly Delivery[] {
    const { leaseMs, maxExtensionMs } = this.#options
    const now = performance.now()
    const due: Delivery[] = []
    for (const delivery of this.#held) {
      if (now - delivery.renewedAt >= leaseMs * RENEW_AFTER && now - delivery.receivedAt < maxExtensionMs) {
        due.push(delivery)
      }
    }
    return due
  }
}
