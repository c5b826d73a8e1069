import type { Deliveries } from './deliveries.js'
import type { Poll } from './ledger.js'
import type { Reading } from './read.js'
import type { TableReader } from './reader.js'
import type { Snapshot } from './snapshot.js'
import type { LedgerParts, Loop, Tail } from './tail.js'
import { Wakeup } from './wakeup.js'
import { Walk } from './walk.js'

export const SWEEP = 'sweep'

/** Pages of one statement: some 15 ms on rows already known; fewer while it finds more rows than fit a batch. */
const PIECE_PAGES = 2_048
const PIECE_LEAST_PAGES = 64
/** Share of the time that a sweep spends reading: while the tail brings rows, and while sweeps find what it missed. */
const SHARE_BUSY = 0.05
const SHARE_FINDING = 0.4
/** The tail is quiet when it found nothing for so long. */
const QUIET_MS = 100
/** While the tail brings rows, a sweep leaves alone what the tail may still be at: what was committed later than this. */
const LEAVE_MS = 100
/** After a commit, time for the tail to read it and for our own transactions to be announced. */
const GRACE_MS = 25
/** A rest looks this often whether it may end. */
const REST_LOOK_MS = 20
/** A look at least this often whether a position is due to be saved. */
const LOOK_MS = 1_000

/** Reads the whole table again and again, as long as something was committed: what makes the ledger exact. */
export class Sweep {
  readonly #reader: TableReader
  readonly #tail: Tail
  readonly #ledger: LedgerParts['ledger']
  readonly #deliveries: Deliveries
  readonly #committed: Wakeup
  readonly #pause = new Wakeup()
  readonly #completed = new Wakeup()
  #verified: Snapshot | undefined
  #begun = 0
  #done = 0
  #waiters = 0
  /** The last complete sweep found rows; when the tail had last brought some as it began. */
  #found = false
  #rowsAt = -1
  #startedAt: number | undefined
  /** By the last stretch, reading. */
  #spentMs = 0

  constructor(parts: LedgerParts & { readonly tail: Tail }) {
    this.#reader = parts.reader
    this.#tail = parts.tail
    this.#ledger = parts.ledger
    this.#deliveries = parts.deliveries
    this.#committed = parts.committed
  }

  /** Runs until aborted; `swept` is called with the first poll of each complete sweep, and at least each second. */
  async run(loop: Loop, swept: (first: Poll | undefined) => Promise<void>): Promise<void> {
    this.#verified = undefined
    while (!loop.signal.aborted) {
      if (this.#needed()) {
        await swept(await this.#sweep(loop))
        // Also a table of one stretch is not read without rest.
        await this.#rest(this.#spentMs, loop.signal)
      } else {
        await this.#committed.pause(loop.signal, LOOK_MS)
        if (this.#waiters === 0) await this.#pause.pause(loop.signal, GRACE_MS)
        await swept(undefined)
      }
    }
  }

  /** Resolves when a sweep that began after this call is complete, or nothing was committed since the last one. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    const target = this.#begun + 1
    this.#waiters++
    this.#committed.wake()
    this.#pause.wake()
    try {
      while (!signal.aborted && this.#done < target) await this.#completed.pause(signal)
    } finally {
      this.#waiters--
    }
  }

  #needed(): boolean {
    const poll = this.#tail.poll
    if (poll === undefined) return false
    if (this.#waiters > 0 || this.#verified === undefined) return true
    if (poll.snapshot.text === this.#verified.text) return false
    // What is pending is not yet stored: the floor must not pass over it.
    if (!this.#ledger().coversAll(this.#verified, poll.snapshot, this.#deliveries.pendingXids())) return true
    this.#verified = poll.snapshot
    this.#ledger().raise(poll.snapshot.xmin, poll.written)
    return false
  }

  async #sweep(loop: Loop): Promise<Poll | undefined> {
    const number = ++this.#begun
    const begunAt = Date.now()
    const ledger = this.#ledger()
    const start = await this.#reader.poll(loop.signal)
    ledger.settle(start)
    const rowsBefore = this.#tail.rowsAt
    const below = this.#below()
    const seen = await this.#readAll({ start, below }, loop)
    if (seen === undefined) return undefined
    // What the tail has under way was left out above: it must be stored before the floor passes over it.
    await this.#deliveries.settled(loop.signal)
    if (loop.signal.aborted || this.#ledger() !== ledger || ledger.filenode !== start.filenode) return undefined
    for (const [xid, page] of seen) ledger.add(xid, page)
    ledger.raise(Math.min(start.snapshot.xmin, below ?? start.snapshot.xmin), start.written)
    // What was left alone is for the next sweep.
    this.#verified = below === undefined ? start.snapshot : undefined
    this.#found = seen.size > 0
    this.#rowsAt = rowsBefore
    this.#startedAt = begunAt
    this.#done = number
    this.#completed.wake()
    if (below === undefined) return start
    return { ...start, snapshot: { ...start.snapshot, xmax: below } }
  }

  /** First page of each transaction met; `undefined` when the table was rewritten meanwhile. */
  async #readAll(
    { start, below }: { start: Poll; below: number | undefined },
    loop: Loop,
  ): Promise<Map<number, number> | undefined> {
    const walk = new Walk(0)
    let missed = false
    let pages = PIECE_PAGES
    while (!loop.signal.aborted) {
      await this.#deliveries.room(SWEEP, loop.signal)
      const began = performance.now()
      const ledger = this.#ledger()
      const stretch = walk.stretch(pages, start.pages)
      const reading = await this.#reader.read(stretch, {
        ledger,
        poll: start,
        tail: undefined,
        below,
        signal: loop.signal,
      })
      if (reading.filenode !== start.filenode || ledger.filenode !== start.filenode) return undefined
      this.#spentMs = performance.now() - began
      await this.#hand(reading, loop)
      missed = this.#tail.adapt(reading) || missed
      if (!walk.advance(stretch, reading)) {
        if (!missed) this.#tail.relax()
        return walk.seen
      }
      pages = reading.resume === undefined ? Math.min(PIECE_PAGES, pages * 2) : Math.max(PIECE_LEAST_PAGES, pages / 2)
      await this.#rest(this.#spentMs, loop.signal)
    }
    return undefined
  }

  async #hand({ rows, xids }: Reading, loop: Loop): Promise<void> {
    if (rows.length === 0) return
    await loop.put(this.#deliveries.batch(SWEEP, rows, { xids, unseenAt: this.#startedAt }))
  }

  #below(): number | undefined {
    return this.#waiters === 0 && this.#tailIsBusy() ? this.#tail.passed(LEAVE_MS) : undefined
  }

  #tailIsBusy(): boolean {
    return this.#tail.quietMs() < QUIET_MS
  }

  /** Rests after work of `spentMs`, but no longer than the share asks for as things are now: the tail may fall quiet. */
  async #rest(spentMs: number, signal: AbortSignal): Promise<void> {
    const began = performance.now()
    while (!signal.aborted) {
      const left = spentMs * (1 / this.#share() - 1) - (performance.now() - began)
      if (left <= 0) return
      await this.#pause.pause(signal, Math.min(left, REST_LOOK_MS))
    }
  }

  #share(): number {
    if (this.#waiters > 0) return 1
    if (this.#tailIsBusy()) return SHARE_BUSY
    if (this.#tail.rowsAt !== this.#rowsAt) return 1
    return this.#found ? SHARE_FINDING : SHARE_BUSY
  }
}
