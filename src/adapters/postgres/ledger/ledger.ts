import type { Snapshot } from './snapshot.js'

/** What is read of a table's surroundings between two reads of the table itself. */
export interface Poll {
  readonly snapshot: Snapshot
  /** Pages of the table, read after the snapshot was taken. */
  readonly pages: number
  /** Changes when the table is rewritten (VACUUM FULL, CLUSTER, TRUNCATE): its rows then lie in other pages. */
  readonly filenode: string
  /** Bytes of values stored out of line. */
  readonly toastBytes: number
  /** End of the write-ahead log, and how far it is on disk. */
  readonly written: bigint
  readonly flushed: bigint
}

/** All rows of a transaction that lie in pages >= `page` are delivered. */
interface Entry {
  page: number
  /** Pages of the table once the transaction had ended: no row of it lies at or beyond. */
  end: number | undefined
  /** End of the log once the transaction had ended; its fate is durable when the log is flushed to here. */
  stamp: bigint | undefined
}

/** Ids between two snapshots that are looked at one by one. */
const MOST_BETWEEN = 1_000

/** What a read must leave out: parallel lists of transaction ids and first delivered pages. */
export interface Exclusions {
  readonly xids: readonly number[]
  readonly pages: readonly number[]
}

/** As saved: `done` holds [transaction id, page] pairs. */
export interface LedgerState {
  readonly floor: number
  /** In which file of the table the pages are counted. */
  readonly filenode: string
  readonly done: readonly (readonly [number, number])[]
}

/**
 * Which transactions' rows of a table have been delivered. After the xid ledger of docs/decisions/0004-xid-ledger.md:
 * everything below `floor` is delivered, and above it what `done` says.
 *
 * A transaction id seen in a row is only safe to remember while the server lives: after a crash, ids whose end had not
 * reached the disk are given out again, to rows nobody has seen. Such entries are volatile until the log is flushed past
 * their end, and `forgetVolatile` drops them when a connection was lost.
 */
export class Ledger {
  #floor: number
  #filenode: string
  #done = new Map<number, Entry>()
  /** Entries whose end or flush is not yet known; small, as each poll settles most. */
  #volatile = new Map<number, Entry>()
  /** Entries that may have rows at or beyond `tail`. */
  #recent = new Map<number, Entry>()
  #durableFloor: number
  #floorStamps: { floor: number; stamp: bigint }[] = []

  constructor(state: LedgerState) {
    this.#floor = state.floor
    this.#filenode = state.filenode
    this.#durableFloor = state.floor
    for (const [xid, page] of state.done) this.#done.set(xid, { page, end: undefined, stamp: 0n })
    this.#recent = new Map(this.#done)
  }

  /**
   * For changes from `floor` on, which was read off the snapshot of `poll`. Until the log is flushed that far a crash
   * leaves nothing to go on from: `forgetVolatile` then puts `floor` to 0.
   */
  static from(floor: number, poll: Poll): Ledger {
    const ledger = new Ledger({ floor: 0, filenode: poll.filenode, done: [] })
    ledger.raise(floor, poll.written)
    ledger.settle(poll)
    return ledger
  }

  get floor(): number {
    return this.#floor
  }

  /** Of the newest poll. What was read of another file says nothing about pages of this one. */
  get filenode(): string {
    return this.#filenode
  }

  get size(): number {
    return this.#done.size
  }

  /** All rows of the transaction are delivered, wherever they lie; so it is for our own. */
  hasWhole(xid: number): boolean {
    return this.#done.get(xid)?.page === 0
  }

  /**
   * Whether all that can have become visible between two snapshots is delivered whole, as what we wrote ourselves is.
   * What ended below the first one's `xmin` was visible in it; `but`: ids that do not count.
   */
  coversAll(before: Snapshot, now: Snapshot, but?: ReadonlySet<number>): boolean {
    if (now.xmax - before.xmin > MOST_BETWEEN) return false
    for (let xid = before.xmin; xid < now.xmax; xid++) if (!this.hasWhole(xid) || but?.has(xid) === true) return false
    return true
  }

  /** It knows for good of transactions that a server with this `xmax` has yet to begin: the server was set back. */
  isAheadOf(xmax: number): boolean {
    if (this.#durableFloor > xmax) return true
    for (const xid of this.#done.keys()) if (xid >= xmax && !this.#volatile.has(xid)) return true
    return false
  }

  /** The rows of `xid` in pages >= `page` are delivered (or on their way to be). */
  add(xid: number, page: number): void {
    if (xid < this.#floor) return
    const known = this.#done.get(xid)
    if (known !== undefined && known.page <= page) return
    const entry: Entry = { page, end: undefined, stamp: undefined }
    this.#done.set(xid, entry)
    this.#volatile.set(xid, entry)
    this.#recent.set(xid, entry)
  }

  /** Takes back what `add` said, when a batch was never written. */
  remove(xid: number): void {
    this.#done.delete(xid)
    this.#volatile.delete(xid)
    this.#recent.delete(xid)
  }

  /**
   * Learns from a poll which transactions have ended by now, where their rows can lie, and what is on disk. After a
   * rewrite of the table pages mean nothing any more; what was delivered whole stays.
   */
  settle(poll: Poll): void {
    if (poll.filenode !== this.#filenode) {
      this.#filenode = poll.filenode
      this.#forgetPages()
    }
    for (const [xid, entry] of this.#volatile) {
      if (entry.stamp === undefined) {
        if (xid >= poll.snapshot.xmin) continue
        entry.end = poll.pages
        entry.stamp = poll.written
      } else if (entry.stamp <= poll.flushed) this.#volatile.delete(xid)
    }
    while (this.#floorStamps[0] !== undefined && this.#floorStamps[0].stamp <= poll.flushed) {
      this.#durableFloor = Math.max(this.#durableFloor, this.#floorStamps[0].floor)
      this.#floorStamps.shift()
    }
  }

  /** Everything below `floor` is delivered; `stamp`: end of the log when `floor` was read off a snapshot. */
  raise(floor: number, stamp: bigint): void {
    this.#floorStamps.push({ floor, stamp })
    if (floor <= this.#floor) return
    this.#floor = floor
    for (const xid of this.#done.keys()) if (xid < floor) this.remove(xid)
  }

  /** After a lost connection: forgets what a crash of the server may have undone. */
  forgetVolatile(): void {
    for (const xid of this.#volatile.keys()) this.remove(xid)
    this.#floor = this.#durableFloor
    this.#floorStamps = []
  }

  /** For a sweep: everything that is known. */
  exclusions(): Exclusions {
    return exclusionsOf(this.#done)
  }

  /** For a read of the pages from `tail` on: only the transactions that may have rows there. `tail` must not go back. */
  tailExclusions(tail: number): Exclusions {
    for (const [xid, entry] of this.#recent) {
      if (entry.end !== undefined && entry.end <= tail) this.#recent.delete(xid)
    }
    return exclusionsOf(this.#recent)
  }

  /** After the tail moved back (the table shrank), everything may be in it again. */
  resetTail(): void {
    this.#recent = new Map(this.#done)
  }

  /** What is safe to save: `floor` and the entries of acknowledged rows, without `pending` ones. */
  state(pending: ReadonlySet<number>): LedgerState {
    const durable = [...this.#done].filter(
      ([xid]) => xid >= this.#durableFloor && !this.#volatile.has(xid) && !pending.has(xid),
    )
    return {
      floor: this.#durableFloor,
      filenode: this.#filenode,
      done: durable.map(([xid, entry]) => [xid, entry.page] as const),
    }
  }

  #forgetPages(): void {
    for (const [xid, entry] of this.#done) {
      if (entry.page > 0) this.remove(xid)
      else {
        entry.end = undefined
        this.#recent.set(xid, entry)
      }
    }
  }
}

function exclusionsOf(entries: ReadonlyMap<number, Entry>): Exclusions {
  return { xids: [...entries.keys()], pages: Array.from(entries.values(), (entry) => entry.page) }
}
