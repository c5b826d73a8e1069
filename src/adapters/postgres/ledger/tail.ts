import type { Batch } from '../../../core/batch.js'
import type { Row } from '../../../core/table.js'
import type { Deliveries } from './deliveries.js'
import type { Ledger, Poll } from './ledger.js'
import type { Reading } from './read.js'
import type { TableReader } from './reader.js'
import { Wakeup } from './wakeup.js'
import { Walk } from './walk.js'

export const TAIL = 'tail'

/** Between polls while rows come; when none came for a while, the server is asked to tell. */
const BUSY_POLL_MS = 8
const IDLE_AFTER_MS = 200
/** Pages of one statement, so that a long tail is read in batches of bounded size. */
const PIECE_PAGES = 1_280
/**
 * Pages below the tail that are read again, as backends go on filling pages that were added before. How many that takes
 * depends on the writers, so the sweep tells what was missed and the margin follows.
 */
const MARGIN_PAGES = 16
const MARGIN_MOST_PAGES = 512
/** Now and then the tail reaches deeper, as a sweep of a large table takes long to tell what was missed: some 6 ms. */
const DEEP_EVERY_MS = 250
const DEEP_PAGES = 1_024
/** An open transaction holds the start of the tail back no longer than this; its rows are then left to the sweep. */
const HELD_MS = 1_000
/** Completed polls that are remembered: a second of them. */
const READ_MARKS = 200

interface Mark {
  readonly at: number
  readonly xmax: number
  readonly pages: number
}

/** What tail and sweep share. */
export interface LedgerParts {
  readonly reader: TableReader
  ledger(): Ledger
  readonly deliveries: Deliveries
  /** Woken when something was committed, or somebody waits for a sweep. */
  readonly committed: Wakeup
}

export interface Loop {
  readonly signal: AbortSignal
  put(batch: Batch<Row>): Promise<void>
}

/** Follows the end of the table, where most new rows lie: for speed only, the sweep is what makes it exact. */
export class Tail {
  readonly #reader: TableReader
  readonly #ledger: () => Ledger
  readonly #deliveries: Deliveries
  readonly #committed: Wakeup
  #margin = MARGIN_PAGES
  #free: number | undefined
  /** Wall clock of the last deep read, and of the one before. */
  #deepAt = 0
  #deepBefore = 0
  #poll: Poll | undefined
  #page = 0
  #history: Mark[] = []
  /** Polls whose read is complete, the newest last, and where each began. */
  #reads: { readonly at: number; readonly poll: Poll; readonly page: number }[] = []
  #rowsAt = 0
  #quietSince: number | undefined
  /**
   * Wall clock before the last statement that saw the end of the table: what comes later was not there yet.
   * `undefined` until there was one.
   */
  #seenAt: number | undefined

  constructor(parts: LedgerParts) {
    this.#reader = parts.reader
    this.#ledger = parts.ledger
    this.#deliveries = parts.deliveries
    this.#committed = parts.committed
  }

  get poll(): Poll | undefined {
    return this.#poll
  }

  /** When rows last came (`performance.now()`); 0 before the first. */
  get rowsAt(): number {
    return this.#rowsAt
  }

  /**
   * A transaction id: of the transactions below it, those that had ended `agoMs` ago have been read, as far as the tail
   * reads. `undefined` when the tail has not run for so long.
   */
  passed(agoMs: number): number | undefined {
    const before = Date.now() - agoMs
    return this.#reads.findLast((read) => read.at <= before)?.poll.snapshot.xmax
  }

  /**
   * A sweep, or a deep read, brought rows that the tail had passed by. When they lay just below where the tail began when they could first
   * be read, the margin grows to take in the like of them. Answers whether it did.
   */
  adapt({ xids, firstPages }: Pick<Reading, 'xids' | 'firstPages'>): boolean {
    const missed = xids.map((xid, index) => {
      const read = this.#reads.find(({ poll }) => xid < poll.snapshot.xmax)
      return read === undefined ? 0 : read.page - (firstPages[index] ?? read.page)
    })
    const most = Math.max(0, ...missed.filter((pages) => pages <= MARGIN_MOST_PAGES))
    this.#margin = Math.min(MARGIN_MOST_PAGES, this.#margin + most)
    return most > 0
  }

  /** A sweep found nothing of the kind. */
  relax(): void {
    this.#margin = Math.max(MARGIN_PAGES, Math.floor(this.#margin * 0.9))
  }

  /** For how long it has found nothing new, in ms; 0 while it has rows at hand or cannot keep up. */
  quietMs(): number {
    return this.#quietSince === undefined ? 0 : performance.now() - this.#quietSince
  }

  async run(loop: Loop): Promise<void> {
    const pause = new Wakeup()
    this.#poll = undefined
    this.#reads = []
    this.#deepAt = Date.now()
    this.#quietSince = undefined
    this.#seenAt = undefined
    while (!loop.signal.aborted) {
      const began = performance.now()
      const moved = await this.#step(loop)
      if (!moved && this.quietMs() > IDLE_AFTER_MS && this.#poll !== undefined)
        await this.#reader.committed(this.#poll, loop.signal)
      else await pause.pause(loop.signal, Math.max(0, BUSY_POLL_MS - (performance.now() - began)))
    }
  }

  /** Whether something was committed since the last step. */
  async #step(loop: Loop): Promise<boolean> {
    const at = Date.now()
    const poll = await this.#reader.poll(loop.signal)
    this.#poll = poll
    const ledger = this.#ledger()
    ledger.settle(poll)
    const before = this.#reads.at(-1)?.poll
    const sameFile = before?.filenode === poll.filenode
    if (sameFile && before.snapshot.text === poll.snapshot.text) {
      this.#seenAt = at
      this.#quietSince ??= performance.now()
      return false
    }
    this.#move(poll, at)
    if (sameFile && ledger.coversAll(before.snapshot, poll.snapshot)) this.#complete(poll, at)
    else await this.#deliver(poll, at, loop)
    this.#committed.wake()
    return true
  }

  /** Where to start: every transaction that could still fill earlier pages has ended, as far as can be told. */
  #move(poll: Poll, at: number): void {
    const passed = this.#history.filter((mark) => mark.xmax <= poll.snapshot.xmin || at - mark.at > HELD_MS)
    // A tail that begins, or a table that shrank, begins at the end.
    const free = passed.at(-1)?.pages ?? this.#free ?? poll.pages
    this.#free = free
    this.#history = [...this.#history.slice(passed.length), { at, xmax: poll.snapshot.xmax, pages: poll.pages }]
    const deep = at - this.#deepAt >= DEEP_EVERY_MS
    if (deep) {
      this.#deepBefore = this.#deepAt
      this.#deepAt = at
    }
    const page = Math.max(0, Math.min(free, poll.pages) - (deep ? DEEP_PAGES : this.#margin))
    if (page < this.#page) this.#ledger().resetTail()
    this.#page = page
  }

  async #deliver(poll: Poll, at: number, loop: Loop): Promise<void> {
    const ledger = this.#ledger()
    const unseenAt = this.#seenAt
    const walk = new Walk(this.#page)
    for (let more = true; more; ) {
      await this.#deliveries.room(TAIL, loop.signal)
      if (loop.signal.aborted) return
      const stretch = walk.stretch(PIECE_PAGES, poll.pages)
      const reading = await this.#reader.read(stretch, { ledger, poll, tail: this.#page, signal: loop.signal })
      if (reading.filenode !== poll.filenode || ledger.filenode !== poll.filenode) return
      more = walk.advance(stretch, reading)
      if (!more) this.#note(walk)
      // What was missed before could have been read since the last time that the tail reached so deep.
      const since = this.adapt(reading) ? this.#deepBefore : unseenAt
      await this.#hand(reading, since, loop)
    }
    this.#complete(poll, at)
  }

  /** Everything visible in the poll has been read, as far as the tail reads. */
  #complete(poll: Poll, at: number): void {
    this.#seenAt = at
    this.#reads = [...this.#reads.slice(-READ_MARKS), { at, poll, page: this.#page }]
  }

  /** Only once the end was read is it known that nothing of these transactions lies further on. */
  #note({ seen }: Walk): void {
    for (const [xid, first] of seen) this.#ledger().add(xid, first)
    if (seen.size === 0) this.#quietSince ??= performance.now()
  }

  async #hand(reading: Reading, unseenAt: number | undefined, loop: Loop): Promise<void> {
    if (reading.rows.length === 0) return
    this.#rowsAt = performance.now()
    this.#quietSince = undefined
    await loop.put(this.#deliveries.batch(TAIL, reading.rows, { xids: reading.xids, unseenAt }))
  }
}
