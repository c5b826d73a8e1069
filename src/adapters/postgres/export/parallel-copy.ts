import { sql } from 'drizzle-orm'
import { PASS_MS } from '../digest/read-pass.js'
import type { PostgresHandle } from '../handle.js'
import { exportSnapshot, type Lane, openLane } from '../snapshot-lane.js'
import { type CopiedRows, copyStatement } from './copied-rows.js'
import { type KeyRange, keyBehind } from './key-range.js'
import { OrderedPieces, type Part } from './ordered-pieces.js'

/** Rows of a range: so few that the ranges in flight are small, so many that asking for each costs little. */
const RANGE_ROWS = 10_000
/** How long a lane may wait for its turn, in ms; and a backend whose client has gone stops at once, not at the end of its scan. */
const SETTINGS = sql`select set_config('jit', 'off', true), set_config('client_connection_check_interval', '1s', true),
  set_config('idle_in_transaction_session_timeout', '600000', true)`

interface Job {
  readonly range: KeyRange
  readonly part: Part
}

interface LanesOptions {
  readonly signal: AbortSignal
  /** One that somebody holds; `undefined`: a new one. */
  readonly snapshot: string | undefined
}

/**
 * The pieces of one COPY of all rows, read by several connections that share one snapshot: each takes the next range of the key's order, and the
 * pieces come out in that order. One more connection walks the key's index ahead of them.
 */
export async function* parallelCopy(
  database: PostgresHandle,
  rows: CopiedRows,
  { readers, signal, snapshot }: LanesOptions & { readonly readers: number },
): AsyncGenerator<Buffer> {
  const stop = new AbortController()
  const [walker, ...lanes] = await openLanes(database, readers + 1, {
    signal: AbortSignal.any([signal, stop.signal]),
    snapshot,
  })
  const pieces = new OrderedPieces(2 * readers)
  const ranges = new RangeWalk(walker, rows, pieces)
  const reading = Promise.all(lanes.map((lane) => readRanges(lane, rows, ranges))).then(
    () => pieces.end(),
    (error: unknown) => pieces.fail(error),
  )
  let whole = false
  try {
    yield* pieces.read()
    whole = true
  } finally {
    if (!whole) stop.abort()
    pieces.leave()
    await reading
    await Promise.all([walker, ...lanes].map((lane) => lane.close()))
  }
}

async function readRanges({ transaction }: Lane, rows: CopiedRows, ranges: RangeWalk): Promise<void> {
  for (let job = await ranges.next(); job !== undefined; job = await ranges.next()) {
    const { range, part } = job
    await transaction.run(async (session) => {
      const options = { what: rows.what, deadlineMs: PASS_MS }
      for await (const piece of session.copy(copyStatement(rows, range), options)) await part.put(piece)
    })
    part.end()
  }
}

/** Hands out the ranges one after the other. */
class RangeWalk {
  readonly #walker: Lane
  readonly #rows: CopiedRows
  readonly #pieces: OrderedPieces
  #after: KeyRange['after']
  #ended = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(walker: Lane, rows: CopiedRows, pieces: OrderedPieces) {
    this.#walker = walker
    this.#rows = rows
    this.#pieces = pieces
    this.#after = rows.range.after
  }

  /** `undefined`: there is none left. Waits while too many are in flight. */
  next(): Promise<Job | undefined> {
    const turn = this.#last.then(() => this.#take())
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #take(): Promise<Job | undefined> {
    if (this.#ended) return undefined
    const part = await this.#pieces.begin()
    const after = this.#after
    const { info, what, range } = this.#rows
    const upTo = await this.#walker.transaction.run((session) =>
      keyBehind(session, { info, after, upTo: range.upTo, rows: RANGE_ROWS }, { what, deadlineMs: PASS_MS }),
    )
    this.#after = upTo
    this.#ended = upTo === undefined
    return { range: { after, upTo: upTo ?? range.upTo }, part }
  }
}

/** Lanes of one snapshot; the first is open before the others. */
async function openLanes(
  database: PostgresHandle,
  count: number,
  { signal, snapshot: held }: LanesOptions,
): Promise<readonly [Lane, ...Lane[]]> {
  const open = (snapshot: string | undefined): Promise<Lane> =>
    openLane(database, {
      purpose: 'feed',
      snapshot,
      settings: SETTINGS,
      signal,
    })
  const first = await open(held)
  const others: Lane[] = []
  try {
    const snapshot = held ?? (await first.transaction.run(exportSnapshot))
    const opened = await Promise.allSettled(Array.from({ length: count - 1 }, () => open(snapshot)))
    for (const one of opened) if (one.status === 'fulfilled') others.push(one.value)
    for (const one of opened) if (one.status === 'rejected') throw one.reason
    return [first, ...others]
  } catch (error) {
    await Promise.all([first, ...others].map((lane) => lane.close()))
    throw error
  }
}
