/** What the network between a client and its server does. */
export type Fault =
  | { readonly kind: 'none' }
  /** `latencyMs` in each direction; `bytesPerSecond` in each direction and for each connection. */
  | { readonly kind: 'slow'; readonly latencyMs?: number; readonly bytesPerSecond?: number }
  /** Nothing passes, not even that a side hung up; what was sent arrives when the fault ends. */
  | { readonly kind: 'hold' }
  /** As `hold`, but only for what goes to this side: the other is heard and believes that all is well. */
  | { readonly kind: 'half-open'; readonly deaf: 'server' | 'client' }
  /** RST on all connections at each tick. */
  | { readonly kind: 'reset-every'; readonly everyMs: number }
  /** New connections are refused; those that exist live on. */
  | { readonly kind: 'refuse' }
  /**
   * Resets the connection on which a statement comes by: `before` the server gets it, or `after` the server has done it
   * and before the client hears so. `times` connections (default 1) are cut, then everything passes.
   */
  | { readonly kind: 'cut'; readonly when: 'before' | 'after'; readonly statement?: RegExp; readonly times?: number }

export const COMMIT = /(^|;)\s*(commit|end)(\s+(work|transaction))?\s*;?\s*$/i

/** Whether nothing may arrive at this end of the connection. */
export function isDeaf(fault: Fault, side: 'server' | 'client'): boolean {
  return fault.kind === 'hold' || (fault.kind === 'half-open' && fault.deaf === side)
}

export interface Deferred {
  readonly promise: Promise<void>
  resolve(): void
}

/** `Promise.withResolvers`, which Node 20 does not have. */
export function deferred(): Deferred {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
