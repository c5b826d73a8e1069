import type { LeaseRecord, LeaseStore, LeaseTaking } from '../../core/lease.js'
import { fenced, nextEpoch } from '../sql/stored-lease.js'

interface Lease {
  readonly epoch: number
  readonly holder: LeaseRecord['holder']
  readonly sinceMs: number
  readonly expiresMs: number
}

/** Leases and fences that live as long as the object; the reference for every database. */
export class MemoryLeases implements LeaseStore {
  readonly #now: () => number
  readonly #leases = new Map<string, Lease>()
  readonly #fences = new Map<string, number>()

  /** `now`: the server's clock, in ms. */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  async look(flow: string): Promise<LeaseRecord | undefined> {
    const lease = this.#leases.get(flow)
    if (lease === undefined) return undefined
    const { epoch, holder, sinceMs, expiresMs } = lease
    const since = new Date(sinceMs).toISOString()
    return { epoch, holder, since, leftMs: expiresMs - this.#now(), renewal: String(expiresMs) }
  }

  async take(flow: string, taking: LeaseTaking): Promise<number | undefined> {
    const { holder, ms, held = false } = taking
    const lease = this.#leases.get(flow)
    const now = this.#now()
    if (lease?.epoch !== taking.epoch || (lease !== undefined && !held && lease.expiresMs > now)) return undefined
    const epoch = nextEpoch(taking)
    this.#leases.set(flow, { epoch, holder, sinceMs: now, expiresMs: now + ms })
    return epoch
  }

  async renew(flow: string, epoch: number, ms: number): Promise<boolean> {
    const lease = this.#leases.get(flow)
    if (lease === undefined || lease.epoch !== epoch || lease.holder === undefined) return false
    this.#leases.set(flow, { ...lease, expiresMs: this.#now() + ms })
    return true
  }

  async release(flow: string, epoch: number): Promise<void> {
    const lease = this.#leases.get(flow)
    if (lease?.epoch === epoch) this.#leases.set(flow, { ...lease, holder: undefined, expiresMs: this.#now() })
  }

  async raise(flow: string, epoch: number): Promise<number> {
    const fence = Math.max(this.#fences.get(flow) ?? 0, epoch)
    this.#fences.set(flow, fence)
    return fence
  }

  /** What a transaction does before it commits. */
  check(flow: string, epoch: number): void {
    if (this.#fences.get(flow) !== epoch) throw fenced(flow, epoch)
  }
}
