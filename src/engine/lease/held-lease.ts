import { FencedError, LockstepError, UnavailableError } from '../../core/errors.js'
import type { FenceCheck, LeaseStore } from '../../core/lease.js'
import { deadline } from '../deadline.js'
import type { Clock } from './clock.js'

/** What a flow writes under: the right to it may be gone for a while, or for good. */
export interface WriteRight {
  /** Of the flow itself. */
  readonly epoch: number
  /** More fences that must stand, with the epochs they must have. Left out: none. */
  readonly fences?: readonly FenceCheck[]
  /** Throws when nothing may be written, as another instance may have the lease by now. */
  check(): void
}

/** How long a lease holds that nobody renews: after so long another instance may take it. */
export const LEASE_MS = 10_000
const RENEW_MS = 3_000
const RETRY_MS = 500
const DEADLINE_MS = 2_500
/** So much earlier its holder stops, as no two clocks run at the same rate. */
const MARGIN_MS = 1_000
const RELEASE_MS = 2_000

export interface Holding {
  /** Its name among leases: that of the flow, unless the flow has several. */
  readonly flow: string
  readonly epoch: number
  readonly leases: LeaseStore
  readonly clock: Clock
  /** Tells the time since the request was sent that took the lease. */
  readonly sinceTaken: () => number
  /** Called after each try to renew it; `undefined`: it worked. */
  tried(failure: Error | undefined): void
  /** Called when it could not be renewed for so long that another may take it; nothing is written until it is renewed. */
  lapsed(error: UnavailableError): void
}

/**
 * A lease that this instance holds and renews. It is lost when another takes it. When it cannot be renewed for nearly as
 * long as it holds it lapses: nothing is written, until a renewal finds that nobody took it. What kept its holder from
 * harm meanwhile, and still does, is the fence.
 */
export class HeldLease implements WriteRight {
  readonly epoch: number
  readonly #holding: Holding
  readonly #lost = new AbortController()
  readonly #over = new AbortController()
  readonly #kept: Promise<void>
  #sinceRenewed: () => number

  constructor(holding: Holding) {
    this.epoch = holding.epoch
    this.#holding = holding
    this.#sinceRenewed = holding.sinceTaken
    this.#kept = this.#keep()
  }

  /** Aborts when it is lost, with a `FencedError`: another has it. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  check(): void {
    this.#lost.signal.throwIfAborted()
    if (this.#leftMs() <= 0) throw this.#lapsed()
  }

  /** Renews it no more, and gives it back unless it is lost, or others hold it as well (`shared`). */
  async end(shared = false): Promise<void> {
    const { flow, leases, epoch } = this.#holding
    this.#over.abort()
    await this.#kept
    if (this.#lost.signal.aborted || shared) return
    try {
      await deadline({ what: 'the release of the lease', ms: RELEASE_MS }, () => leases.release(flow, epoch))
    } catch (error) {
      // It expires by itself.
      if (!(error instanceof LockstepError)) throw error
    }
  }

  /** Never rejects. */
  async #keep(): Promise<void> {
    const { clock, tried } = this.#holding
    const over = this.#over.signal
    for (let waitMs = RENEW_MS, lapsed = false; ; ) {
      // It is told when it lapses, not only with the next try.
      await clock.pause(lapsed ? waitMs : Math.min(waitMs, Math.max(0, this.#leftMs())), over)
      if (over.aborted) return
      if (!lapsed && this.#leftMs() <= 0) {
        lapsed = true
        this.#holding.lapsed(this.#lapsed())
      }
      try {
        const sinceSent = clock.stopwatch()
        if (!(await this.#renew())) return this.#lost.abort(takenOver(this.#holding))
        this.#sinceRenewed = sinceSent
        waitMs = RENEW_MS
        lapsed = false
        tried(undefined)
      } catch (error) {
        if (!(error instanceof LockstepError)) return this.#lost.abort(error)
        waitMs = RETRY_MS
        tried(error)
      }
    }
  }

  #renew(): Promise<boolean> {
    const { flow, epoch, leases } = this.#holding
    const left = this.#leftMs()
    const ms = left <= 0 ? DEADLINE_MS : Math.min(DEADLINE_MS, left)
    return deadline({ what: 'the renewal of the lease', ms, signal: this.#over.signal }, () =>
      leases.renew(flow, epoch, LEASE_MS),
    ).catch((error: unknown) => {
      // It is given back anyway.
      if (this.#over.signal.aborted) return true
      throw error
    })
  }

  #leftMs(): number {
    return LEASE_MS - MARGIN_MS - this.#sinceRenewed()
  }

  #lapsed(): UnavailableError {
    const { flow } = this.#holding
    const message = `flow ${flow}: its lease was not renewed for ${LEASE_MS - MARGIN_MS} ms, so another instance may take it: nothing is written until it is held again`
    return new UnavailableError('lease-lapsed', message)
  }
}

function takenOver({ flow, epoch }: Holding): FencedError {
  const message = `flow ${flow}: another instance took the lease that this one held under epoch ${epoch}; nothing more is written here`
  return new FencedError('lease-lost', message)
}
