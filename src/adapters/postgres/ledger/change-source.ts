import type { Batch, Checkpoints, Lane, Position } from '../../../core/batch.js'
import { failpoint } from '../../../core/failpoint.js'
import type { ChangeOptions, ChangeSource, KeyLane } from '../../../core/mirror.js'
import type { Bucket, Row } from '../../../core/table.js'
import type { PostgresTableInfo } from '../catalog/catalog.js'
import type { PostgresHandle } from '../handle.js'
import type { OwnTransactions } from '../own-transactions.js'
import { Channel } from './channel.js'
import { Deliveries } from './deliveries.js'
import { HeldHorizon, MOST_REMEMBERED } from './held-horizon.js'
import { oldestHolder } from './horizon.js'
import { Ledger, type LedgerState, type Poll } from './ledger.js'
import { readPosition, type SavedLedger, together, writePosition } from './position.js'
import { type LedgerReader, Reader } from './reader.js'
import { SWEEP, Sweep } from './sweep.js'
import { type Loop, Tail } from './tail.js'
import { Wakeup } from './wakeup.js'

/** Between saved positions: after rows, and when only the floor moved. */
const SAVE_MS = 1_000
const SAVE_QUIET_MS = 60_000
/** Our own rows count too: what is not saved is sent back once after a restart. */
const SAVE_TRANSACTIONS = 100
/** Transactions remembered in a saved position; beyond, a restart delivers their rows once more. */
const SAVED_TRANSACTIONS = 5_000
const HOLDER_DEADLINE_MS = 5_000
/** An older floor cannot be compared with 32-bit ids any more. */
const FLOOR_AGE = 2 ** 31 - 100_000_000
/** So that a position saved while a side is filled is not too old a moment later. */
const FLOOR_SLACK = 50_000_000

/** The committed changes of a PostgreSQL table by the xid ledger: docs/decisions/0004-xid-ledger.md. */
export function changeSource(database: PostgresHandle, table: PostgresTableInfo, options: ChangeOptions): ChangeSource {
  const label = `${database.label} ${table.schema.name}`
  const within = bucketsOf(options.lanes)
  const reader = (purpose: string): Reader =>
    new Reader(database.connect(`${options.flow} ${purpose}`), table, { label, within })
  const { own } = database
  return new LedgerSource(
    {
      label,
      oid: table.oid,
      readers: [reader('tail'), reader('sweep')],
      own,
      identify: async (signal) => (await database.identify(signal)).id,
      holder: () => oldestHolder(database.session, AbortSignal.timeout(HOLDER_DEADLINE_MS)),
    },
    options,
  )
}

/** `undefined`: they are all there are, so that no key need be looked at. */
function bucketsOf(lanes: readonly KeyLane[] | undefined): readonly Bucket[] | undefined {
  const buckets = lanes?.map(({ bucket }) => bucket)
  return buckets?.reduce((share, { depth }) => share + 2 ** -depth, 0) === 1 ? undefined : buckets
}

/** What the ledger needs of a table and its server. */
export interface LedgerTable {
  readonly label: string
  readonly oid: string
  /** For the tail and for the sweep. The source disposes of them. */
  readonly readers: readonly [LedgerReader, LedgerReader]
  readonly own: Pick<OwnTransactions, 'subscribe'>
  /** `DatabaseIdentity.id` */
  identify(signal: AbortSignal): Promise<string>
  /** Who holds back the oldest transaction, as one sentence. */
  holder(): Promise<string | undefined>
  /** Default: see HeldHorizon. */
  readonly mostRemembered?: number
}

export class LedgerSource implements ChangeSource {
  readonly #table: LedgerTable
  readonly #options: ChangeOptions
  readonly #deliveries = new Deliveries()
  readonly #tail: Tail
  readonly #sweep: Sweep
  readonly #horizon: HeldHorizon
  readonly #begun = new Wakeup()
  readonly #unsubscribe: () => void
  #ledger = new Ledger({ floor: 0, filenode: '', done: [] })
  #identity = ''
  #started = false
  /** Where positions are saved, one lane or several. */
  readonly #saveIn: readonly Lane[]
  /** For each of them the position that the ledger in memory grew from, or last handed out. */
  #positions: readonly (Position | undefined)[] = []
  /** Where this process began, when it found no position to go on from. */
  #origin: Position | undefined
  #saved = { at: 0, floor: 0 }

  constructor(table: LedgerTable, options: ChangeOptions) {
    this.#table = table
    this.#options = options
    this.#saveIn = options.lanes?.map(({ name }) => `${SWEEP} ${name}`) ?? [SWEEP]
    const ledger = (): Ledger => this.#ledger
    const shared = { ledger, deliveries: this.#deliveries, committed: new Wakeup() }
    this.#tail = new Tail({ ...shared, reader: table.readers[0] })
    this.#sweep = new Sweep({ ...shared, reader: table.readers[1], tail: this.#tail })
    this.#horizon = new HeldHorizon({
      label: table.label,
      notice: (notice) => options.notice(notice),
      uncertain: () => options.uncertain(),
      holder: () => table.holder(),
      ...(table.mostRemembered === undefined ? {} : { mostRemembered: table.mostRemembered }),
    })
    this.#unsubscribe = table.own.subscribe((xid, flow) => {
      const ours = flow === undefined || flow === options.flow
      // While a target is away no floor rises, and what others bring to this side still comes.
      if (ours && this.#ledger.size < MOST_REMEMBERED) this.#ledger.add(xid, 0)
    })
  }

  async *read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Row>> {
    const stop = new AbortController()
    const end = (): void => stop.abort()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    const channel = new Channel<Batch<Row>>()
    const loop: Loop = { signal: stop.signal, put: (batch) => channel.put(batch) }
    const positions = this.#saveIn.map((lane) => from.get(lane))
    const running = this.#run(positions, loop).then(
      () => channel.end(),
      (error: unknown) => channel.end(signal.aborted ? undefined : error),
    )
    try {
      yield* channel.values()
    } finally {
      end()
      signal.removeEventListener('abort', end)
      await running
    }
  }

  acknowledge(batch: Batch<Row>): Promise<void> {
    this.#deliveries.acknowledge(batch)
    return Promise.resolve()
  }

  caughtUp(signal: AbortSignal): Promise<void> {
    return this.#sweep.caughtUp(signal)
  }

  async started(signal: AbortSignal): Promise<void> {
    while (!this.#started && !signal.aborted) await this.#begun.pause(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe()
    await Promise.all(this.#table.readers.map((reader) => reader[Symbol.asyncDispose]()))
  }

  async #run(positions: readonly (Position | undefined)[], loop: Loop): Promise<void> {
    const stop = new AbortController()
    const both: Loop = { signal: AbortSignal.any([loop.signal, stop.signal]), put: loop.put }
    const guard = async (work: Promise<void>): Promise<void> => {
      try {
        await work
      } finally {
        stop.abort()
      }
    }
    await this.#begin(positions, loop.signal)
    if (this.#options.lanes !== undefined && this.#options.from === 'beginning') await this.#saveBeginning(both)
    const results = await Promise.allSettled([
      guard(this.#tail.run(both)),
      guard(this.#sweep.run(both, (first) => this.#swept(both, first))),
    ])
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Goes on from memory after an error, from the saved positions after a restart, else from this moment. */
  async #begin(positions: readonly (Position | undefined)[], signal: AbortSignal): Promise<void> {
    for (const xid of this.#deliveries.abandon()) this.#ledger.remove(xid)
    for (const reader of this.#table.readers) await reader.open(signal)
    // Only now: from here on a reader notices a crash, and until now ids may have come that a crash took back.
    this.#ledger.forgetVolatile()
    const identity = await this.#table.identify(signal)
    const poll = await this.#table.readers[0].poll(signal)
    const unmoved = positions.every((position, lane) => position === this.#positions[lane])
    const known = this.#started && unmoved && identity === this.#identity
    const usable = this.#ledger.floor > 0 && !this.#ledger.isAheadOf(poll.snapshot.xmax)
    if (!known || !usable) this.#restore(positions, identity, poll)
    this.#identity = identity
    this.#positions = positions
    this.#started = true
    this.#begun.wake()
  }

  #restore(positions: readonly (Position | undefined)[], identity: string, poll: Poll): void {
    const floor = this.#options.from === 'beginning' ? oldestFloor(poll.snapshot.xmax) : poll.snapshot.xmin
    const { saved, missing, why } = this.#usable(positions, identity, poll)
    const [first, ...others] = saved
    const all = first && together(first, ...others, ...(missing ? [{ ...first, floor, done: [] }] : []))
    // What was not read off this very snapshot is on disk.
    if (all !== undefined && (!missing || all.floor < floor)) {
      this.#ledger = new Ledger(all)
      this.#ledger.settle(poll)
      this.#horizon.restore(all.letGo)
      if (missing) this.#origin = this.#describe(all, identity)
      if (why === undefined) return
    } else {
      this.#ledger = Ledger.from(floor, poll)
      // The beginning is so old that it is on disk.
      const beginning = { floor, filenode: poll.filenode, done: [] }
      const origin = this.#options.from === 'beginning' ? beginning : this.#ledger.state(new Set())
      this.#origin = origin.floor === 0 ? undefined : this.#describe(origin, identity)
      if (why === undefined && !this.#started) return
    }
    const reason = why ?? 'the connection was lost before it was on disk where the changes begin'
    const message = `${this.#table.label}: ${reason}; changes are followed from now on, and a comparison finds what was missed`
    this.#options.notice({ level: 'warn', code: 'ledger-restarted', message })
    this.#options.uncertain()
  }

  /** What can be gone on from, whether a lane has nothing of the kind, and why not, where it is something to tell. */
  #usable(positions: readonly (Position | undefined)[], identity: string, poll: Poll) {
    // As long as no position was saved, that is where this process began.
    const origin = readPosition(this.#origin)
    const found = positions.flatMap((position) => readPosition(position) ?? origin ?? [])
    const reasons = found.map((saved) => this.#unusable(saved, identity, poll))
    const saved = found.filter((_, place) => reasons[place] === undefined)
    return { saved, missing: saved.length < positions.length, why: reasons.find((reason) => reason !== undefined) }
  }

  #unusable(saved: SavedLedger, identity: string, { snapshot }: Poll): string | undefined {
    if (saved.identity !== identity) return 'this is another server or database than the saved position is of'
    if (saved.oid !== this.#table.oid) return 'the table was dropped and created again since the position was saved'
    if (new Ledger(saved).isAheadOf(snapshot.xmax))
      return 'the server is older than the saved position: it was restored or lost commits'
    if (snapshot.xmax - saved.floor > FLOOR_AGE) return 'the saved position is too many transactions old'
    return undefined
  }

  #describe(state: LedgerState, identity: string): Position {
    return writePosition({
      identity,
      oid: this.#table.oid,
      filenode: state.filenode,
      floor: state.floor,
      ...(this.#horizon.letGoAt === undefined ? {} : { letGo: this.#horizon.letGoAt }),
      done: state.done.slice(-SAVED_TRANSACTIONS).map(([xid, page]) => [xid, page]),
    })
  }

  /** Before any row: who is given a lane in mid-fill goes on filling it, where it would else follow it from then on. */
  async #saveBeginning(loop: Loop): Promise<void> {
    const origin = this.#origin
    if (origin === undefined) return
    const fresh = this.#saveIn.filter((_, place) => this.#positions[place] === undefined)
    this.#positions = this.#positions.map((position) => position ?? origin)
    for (const lane of fresh) await loop.put(this.#deliveries.position(lane, origin))
  }

  async #swept(loop: Loop, first: Poll | undefined): Promise<void> {
    if (first !== undefined) {
      failpoint('ledger:after-sweep')
      await this.#horizon.look(this.#ledger, first)
    }
    await this.#save(loop)
  }

  async #save(loop: Loop): Promise<void> {
    const pending = this.#deliveries.pendingXids()
    const state = this.#ledger.state(pending)
    const since = Date.now() - this.#saved.at
    // Rows of transactions that the saved floor does not cover would be read again.
    const much = this.#deliveries.newest >= this.#saved.floor || state.floor - this.#saved.floor > SAVE_TRANSACTIONS
    const due = since >= (much ? SAVE_MS : SAVE_QUIET_MS)
    if (!due || state.floor === 0 || state.floor === this.#saved.floor || loop.signal.aborted) return
    this.#saved = { at: Date.now(), floor: state.floor }
    const position = this.#describe(state, this.#identity)
    this.#positions = this.#saveIn.map(() => position)
    failpoint('ledger:before-save')
    for (const lane of this.#saveIn) await loop.put(this.#deliveries.position(lane, position))
  }
}

/** Below it `age()` may be wrong; older rows are left to a comparison. Ids below 3 are not of transactions. */
function oldestFloor(xmax: number): number {
  return Math.max(3, xmax - FLOOR_AGE + FLOOR_SLACK)
}
