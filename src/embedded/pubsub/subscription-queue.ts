import { type Consumer, type Entry, hasRoom, type KeyQueue, type Lease, type Published } from './delivery.js'
import { Fifo } from './fifo.js'
import type { Knobs } from './knobs.js'

const RESPONSE_MESSAGES = 1_000
const RESPONSE_BYTES = 1 << 20
/** How far the `shuffle` knob moves messages. */
const SHUFFLE_DISTANCE = 1_000

/** What one subscription has to deliver, and to whom it was delivered. */
export class SubscriptionQueue {
  readonly #knobs: Knobs
  readonly #ordered: boolean
  readonly #ready = new Fifo<Entry>()
  readonly #keys = new Map<string, KeyQueue>()
  /** Those with something waiting. */
  readonly #waitingKeys = new Set<KeyQueue>()
  readonly #leases = new Map<string, Lease>()
  readonly #consumers = new Set<Consumer>()
  #nextAckId = 1
  #waiting = 0
  #scheduled = false
  deliveries = 0

  constructor(knobs: Knobs, ordered: boolean) {
    this.#knobs = knobs
    this.#ordered = ordered
  }

  get waiting(): number {
    return this.#waiting
  }

  get leased(): number {
    return this.#leases.size
  }

  add(message: Published): void {
    this.#enqueue({ message, attempts: 0, copy: false })
  }

  join(consumer: Consumer): void {
    this.#consumers.add(consumer)
    this.dispatch()
  }

  /** Its leases go on until they are acknowledged, handed back or over. */
  leave(consumer: Consumer): void {
    this.#consumers.delete(consumer)
  }

  /** Answers the ids that name no lease: it ran out, or never was. */
  acknowledge(ackIds: readonly string[]): readonly string[] {
    const unknown: string[] = []
    for (const ackId of ackIds) {
      const lease = this.#leases.get(ackId)
      if (lease === undefined) unknown.push(ackId)
      else if (this.#knobs.chance(this.#knobs.dropAcks)) continue
      else this.#acknowledged(lease)
    }
    this.dispatch()
    return unknown
  }

  /** 0 ms hands messages back, to be delivered again at once. Answers the ids that name no lease. */
  modify(ackIds: readonly string[], leaseMs: number): readonly string[] {
    const unknown: string[] = []
    const expiresAt = Date.now() + leaseMs
    for (const ackId of ackIds) {
      const lease = this.#leases.get(ackId)
      if (lease === undefined) unknown.push(ackId)
      else if (leaseMs === 0) this.#takeBack(lease)
      else lease.expiresAt = expiresAt
    }
    this.dispatch()
    return unknown
  }

  /** Takes back what was neither acknowledged nor extended in time. */
  expire(): void {
    const now = Date.now()
    for (const lease of this.#leases.values()) if (lease.expiresAt <= now) this.#takeBack(lease)
    this.dispatch()
  }

  /** Delivers soon, so that what comes together goes together. */
  dispatch(): void {
    if (this.#scheduled || this.#waiting === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    for (let sent = true; sent; ) {
      sent = false
      for (const consumer of [...this.#consumers]) {
        if (!hasRoom(consumer)) continue
        const leases = this.#take(consumer)
        if (leases.length === 0) continue
        sent = true
        this.deliveries += leases.length
        consumer.send(leases)
      }
    }
  }

  #take(consumer: Consumer): readonly Lease[] {
    const leases: Lease[] = []
    const limit = consumer.bytes + RESPONSE_BYTES
    const full = () => leases.length >= RESPONSE_MESSAGES || consumer.bytes >= limit || !hasRoom(consumer)
    for (const key of this.#waitingKeys) {
      if (key.leased.length > 0 && key.consumer !== consumer) continue
      for (let entry = key.waiting.peek(); entry !== undefined && !full(); entry = key.waiting.peek()) {
        key.waiting.shift()
        leases.push(this.#lease(entry, consumer, key))
      }
      if (key.waiting.length === 0) this.#waitingKeys.delete(key)
      if (full()) return leases
    }
    while (this.#ready.length > 0 && !full()) {
      if (this.#knobs.shuffle) this.#ready.swap(this.#knobs.below(Math.min(this.#ready.length, SHUFFLE_DISTANCE)))
      const entry = this.#ready.shift()
      if (entry === undefined) break
      leases.push(this.#lease(entry, consumer, undefined))
      if (!entry.copy && this.#knobs.chance(this.#knobs.duplicates)) this.#enqueue({ ...entry, copy: true })
    }
    return leases
  }

  #lease(entry: Entry, consumer: Consumer, key: KeyQueue | undefined): Lease {
    const ackId = `ack-${this.#nextAckId++}-${entry.message.id}`
    const lease: Lease = { ackId, entry, key, consumer, expiresAt: Date.now() + consumer.leaseMs }
    entry.attempts++
    this.#waiting--
    this.#leases.set(ackId, lease)
    consumer.messages++
    consumer.bytes += entry.message.bytes
    key?.leased.push(lease)
    if (key !== undefined) key.consumer = consumer
    return lease
  }

  #acknowledged(lease: Lease): void {
    this.#release(lease)
    const { key } = lease
    if (key === undefined) return
    if (key.leased[0] === lease) key.leased.shift()
    else key.leased = key.leased.filter((other) => other !== lease)
    if (key.leased.length === 0 && key.waiting.length === 0) this.#keys.delete(lease.entry.message.key)
  }

  #release(lease: Lease): void {
    this.#leases.delete(lease.ackId)
    lease.consumer.messages--
    lease.consumer.bytes -= lease.entry.message.bytes
  }

  /** With an ordering key also what was delivered after it, as the order is kept. */
  #takeBack(lease: Lease): void {
    const { key, entry } = lease
    if (key === undefined) {
      this.#release(lease)
      this.#enqueue(entry)
      return
    }
    const from = key.leased.indexOf(lease)
    const back = key.leased.splice(from)
    for (const each of back) this.#release(each)
    key.waiting.putBack(back.map((each) => each.entry))
    this.#waiting += back.length
    this.#waitingKeys.add(key)
  }

  #enqueue(entry: Entry): void {
    this.#waiting++
    const { key: name } = entry.message
    if (!this.#ordered || name === '') {
      this.#ready.push(entry)
    } else {
      const key = this.#keys.get(name) ?? { waiting: new Fifo<Entry>(), leased: [], consumer: undefined }
      this.#keys.set(name, key)
      key.waiting.push(entry)
      this.#waitingKeys.add(key)
    }
    this.dispatch()
  }
}
