const XID_RANGE = 2 ** 32

/**
 * What `pg_current_snapshot()` says, in full 64-bit transaction ids (exact in a JS number for the next 10^8 years at
 * a million transactions a second). Every transaction below `xmin` has ended; none at or above `xmax` is visible.
 */
export interface Snapshot {
  readonly text: string
  readonly xmin: number
  readonly xmax: number
}

export function parseSnapshot(text: string): Snapshot {
  const [xmin, xmax] = text.split(':')
  return { text, xmin: Number(xmin), xmax: Number(xmax) }
}

/**
 * The full id of a row's 32-bit `xmin`, given a full id that it does not exceed (a snapshot's `xmax`). Right for ids at
 * most 2^32 old; the ledger only reads rows younger than 2^31.
 */
export function fullXid(xid: number, atMost: number): number {
  return atMost - ((shortXid(atMost) - xid + XID_RANGE) % XID_RANGE)
}

/** The 32 bits that `xmin` and `age()` know. */
export function shortXid(xid: number): number {
  return xid % XID_RANGE
}
