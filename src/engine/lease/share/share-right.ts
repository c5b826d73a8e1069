import type { FenceCheck } from '../../../core/lease.js'
import type { HeldLease, WriteRight } from '../held-lease.js'

/** The right to write some lanes: the lease that all share and that of each lane must be held, and all their fences stand. */
export class ShareRight implements WriteRight {
  readonly epoch: number
  readonly fences: readonly FenceCheck[]
  readonly #leases: readonly HeldLease[]

  /** `lanes`: by the names of their leases. */
  constructor(group: HeldLease, lanes: readonly { readonly name: string; readonly lease: HeldLease }[]) {
    this.epoch = group.epoch
    this.fences = lanes.map(({ name, lease: { epoch } }) => ({ flow: name, epoch }))
    this.#leases = [group, ...lanes.map(({ lease }) => lease)]
  }

  check(): void {
    for (const lease of this.#leases) lease.check()
  }
}
