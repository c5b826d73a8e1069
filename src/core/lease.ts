/** Who runs a flow, as other instances are told. One per process; `lockstep run` names host and process. */
export interface Instance {
  /** For people: `web-1/4211`. */
  readonly name: string
  /** Tells this process from every other one, on any machine and at any time. Kept with the lease, without meaning to anybody else. */
  readonly id: string
  /** Whether the process with this id is known to be gone, as it was one of this machine. `false` where nobody can tell. */
  hasEnded(id: string): boolean
}

/** The right of one instance to run a flow, as it is kept. */
export interface LeaseRecord {
  /** Raised by whoever takes the lease. */
  readonly epoch: number
  /** `undefined` once it was given back. */
  readonly holder: { readonly name: string; readonly id: string } | undefined
  /** When it was taken; ISO 8601, UTC, by the server's clock. */
  readonly since: string
  /** Until it expires, in ms, by the server's clock; 0 or less: whoever comes may take it. */
  readonly leftMs: number
  /** Changes whenever the holder renews it. */
  readonly renewal: string
}

export interface LeaseTaking {
  /** Of the lease that was looked at; `undefined`: nobody ever took it. */
  readonly epoch: number | undefined
  readonly holder: { readonly name: string; readonly id: string }
  /** How long it holds when it is not renewed, in ms. */
  readonly ms: number
  /** The new epoch is greater than this too. Default 0. */
  readonly above?: number
  /** Also when it has not expired: its holder is known to be gone, or is the one who asks. Default false. */
  readonly held?: boolean
}

/** What a transaction compares with the fence before it commits. */
export interface FenceCheck {
  readonly flow: string
  readonly epoch: number
}

/**
 * Leases of flows that must run once, and fences: the lowest epoch under which a flow may still write to this database.
 * Both are rows of the state tables. The contract suite is `test/contracts/lease-store.ts`.
 */
export interface LeaseStore {
  /** `undefined`: nobody ever took it. Writes nothing. */
  look(flow: string): Promise<LeaseRecord | undefined>
  /**
   * Takes the lease under a new, greater epoch, and answers that. `undefined`: not taken, as it has another epoch than
   * the one given, or has not expired.
   */
  take(flow: string, taking: LeaseTaking): Promise<number | undefined>
  /** Makes it hold for `ms` from now on. `false`: another has taken it since. One that has expired, and that nobody took, is renewed. */
  renew(flow: string, epoch: number, ms: number): Promise<boolean>
  /** Gives it back: whoever waits for it need not wait any longer. Does nothing when another has taken it. */
  release(flow: string, epoch: number): Promise<void>
  /**
   * Raises the fence of a flow to `epoch`, and answers where it is then; higher when it was. Waits for transactions that have
   * passed the fence and not yet ended, so once it resolves nothing is committed under a lower epoch any more.
   */
  raise(flow: string, epoch: number): Promise<number>
}
