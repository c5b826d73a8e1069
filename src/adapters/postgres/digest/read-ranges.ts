import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { DigestSums } from '../../../core/digest-sums.js'
import type { Digest, DigestOptions } from '../../../core/table.js'
import { RangePace } from '../../sql/range-pace.js'
import type { PostgresHandle } from '../handle.js'
import type { Session } from '../session/session.js'
import { exportSnapshot } from '../snapshot-lane.js'
import { type BlockRange, BlockRanges, type Extent } from './block-ranges.js'
import { readPass } from './read-pass.js'

/** Blocks of the first statement, 4 MB, and of the smallest. */
const SIZES = { first: 512, least: 64 }
/** What one connection does in so short a time is not worth another one. */
const WORTH_HELP_MS = 200

export interface RangeReading extends DigestOptions {
  readonly extent: Extent
  readonly latencyMs: number
  read(session: Session, range: BlockRange, signal: AbortSignal): Promise<ReadonlyMap<number, Digest>>
}

/**
 * Adds up a table range by range, as long as one takes about its target time: a busy server is left alone between them.
 * `leader` is a transaction of the pass; helpers on connections of their own read in its snapshot. Since the leader reads
 * first and ends last, its lock keeps the table's file as it is.
 */
export async function readRanges(
  database: PostgresHandle,
  leader: Session,
  reading: RangeReading,
): Promise<ReadonlyMap<number, Digest>> {
  const failure = new AbortController()
  const signal = AbortSignal.any([reading.signal, failure.signal])
  const work = new RangeWork(reading, signal)
  await onlyRanges(leader, signal)
  const firstMs = await work.one(leader)
  const helpers = work.msLeft(firstMs) > WORTH_HELP_MS ? reading.extent.helpers : 0
  const snapshot = helpers === 0 ? '' : await exportSnapshot(leader)
  const failed = (error: unknown): never => {
    failure.abort(error)
    throw error
  }
  const readers = [
    work.all(leader).catch(failed),
    ...Array.from({ length: helpers }, () => help(database, work, { snapshot, signal }).catch(failed)),
  ]
  await Promise.allSettled(readers)
  // The reason of the abort is the first failure; the others' are only its echo.
  failure.signal.throwIfAborted()
  await Promise.all(readers)
  return work.sums.all
}

/** One that cannot get to work is not needed; what it has begun must be done. */
async function help(
  database: PostgresHandle,
  work: RangeWork,
  { snapshot, signal }: { readonly snapshot: string; readonly signal: AbortSignal },
): Promise<void> {
  let begun = false
  await using connection = database.connect('check')
  try {
    await readPass(connection, { what: 'digesting a table', signal, snapshot }, async (session) => {
      await onlyRanges(session, signal)
      begun = true
      await work.all(session)
    })
  } catch (error) {
    if (begun) throw error
  }
}

/** Else a range that is a large part of a table would be a scan of all of it, by parallel workers. */
async function onlyRanges(session: Session, signal: AbortSignal): Promise<void> {
  await session.execute(
    sql`select set_config('enable_seqscan', 'off', true), set_config('enable_tidscan', 'on', true),
      set_config('max_parallel_workers_per_gather', '0', true)`,
    { signal },
  )
}

class RangeWork {
  readonly sums = new DigestSums()
  readonly #ranges: BlockRanges
  readonly #pace: RangePace
  readonly #reading: RangeReading
  readonly #signal: AbortSignal

  constructor(reading: RangeReading, signal: AbortSignal) {
    const { blocks } = reading.extent
    this.#reading = reading
    this.#signal = signal
    this.#ranges = new BlockRanges(blocks)
    this.#pace = new RangePace({ ...reading, ...SIZES, of: blocks, signal })
  }

  /** At the speed of a first range that took so long. */
  msLeft(firstMs: number): number {
    const { blocks } = this.#reading.extent
    return (firstMs * this.#ranges.left) / Math.max(1, blocks - this.#ranges.left)
  }

  async all(session: Session): Promise<void> {
    while (this.#ranges.left > 0) await this.one(session)
  }

  /** Answers what it took, in ms. */
  async one(session: Session): Promise<number> {
    const range = this.#ranges.take(this.#pace.size)
    if (range === undefined) return 0
    const startedAt = performance.now()
    this.sums.add(await this.#reading.read(session, range, this.#signal))
    const ms = performance.now() - startedAt
    const restMs = this.#pace.took(ms, { size: range.blocks, isLast: this.#ranges.left === 0 })
    if (restMs > 0) await delay(restMs, undefined, { signal: this.#signal })
    return ms
  }
}
