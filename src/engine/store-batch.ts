import type { Batch, Items, Lane, Position } from '../core/batch.js'
import { ConflictError, DataError } from '../core/errors.js'
import { failpoint } from '../core/failpoint.js'
import { deadline } from './deadline.js'
import type { Line } from './line.js'
import type { Settings } from './options.js'
import { Quarantine } from './quarantine.js'
import { type Call, type RetryScope, retry } from './retry.js'
import { merged, Together } from './together.js'

/** Stores the batches of one attempt: items, then position, then acknowledgement. One batch of a lane at a time. */
export class BatchStore<Item> {
  readonly #line: Line<Item>
  readonly #settings: Settings
  readonly #scope: RetryScope
  /** Where each lane's checkpoint stands, as far as this instance knows. */
  readonly #saved: Map<Lane, Position>
  readonly #together: Together<Item>

  constructor(line: Line<Item>, settings: Settings, scope: RetryScope, saved: Map<Lane, Position>) {
    this.#line = line
    this.#settings = settings
    this.#scope = scope
    this.#saved = saved
    this.#together = new Together({
      items: settings.maxItemsTogether,
      bytes: settings.maxBytesTogether,
      sizeOf: (items) => line.sizeOf?.(items) ?? 0,
      isFaulty: (item) => line.faultOf?.(item) !== undefined,
    })
  }

  /** How many of the batches that wait in a lane are the next to be stored. */
  together(waiting: readonly Batch<Item>[]): number {
    return this.#together.count(waiting)
  }

  /** Batches of one lane, as one if nobody minds. */
  async store(batches: readonly Batch<Item>[]): Promise<void> {
    const [first, ...others] = batches
    if (first === undefined) return
    if (others.length > 0 && (await this.#storeTogether([first, ...others]))) return
    for (const batch of batches) await this.#store(batch, [batch], () => this.#writeItems(batch))
  }

  /** Answers `false`, with nothing stored, when items are refused: whose they are is found out batch by batch. */
  async #storeTogether(batches: readonly [Batch<Item>, ...Batch<Item>[]]): Promise<boolean> {
    const batch = merged(batches)
    try {
      await this.#store(batch, batches, () => this.#write(batch, { count: 0, partsFollow: true }))
      return true
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      this.#together.refused()
      return false
    }
  }

  /** `originals`: what `batch` was made of, to be acknowledged. */
  async #store(batch: Batch<Item>, originals: readonly Batch<Item>[], write: () => Promise<void>): Promise<void> {
    const { flow, traceparentOf } = this.#line
    const { lane, position, items, unseenAt } = batch
    const startedAt = Date.now()
    await write()
    failpoint('engine:before-checkpoint')
    if (position !== undefined) await this.#savePosition(lane, position)
    failpoint('engine:before-acknowledge')
    const storedAt = Date.now()
    this.#together.took(storedAt - startedAt)
    await this.#acknowledge(lane, originals)
    const { observer } = this.#scope
    if (position !== undefined) observer({ flow, type: 'checkpoint', lane })
    observer({
      flow,
      type: 'batch',
      lane,
      items: items.length,
      durationMs: Date.now() - startedAt,
      lagMs: unseenAt === undefined || items.length === 0 ? undefined : Math.max(0, storedAt - unseenAt),
      ...(traceparentOf && { traceparents: () => traceparentsOf(items, traceparentOf) }),
    })
  }

  async #acknowledge(lane: Lane, batches: readonly Batch<Item>[]): Promise<void> {
    const call = {
      what: `the acknowledgement of ${lane}`,
      ms: this.#settings.stateDeadlineMs,
      signal: this.#scope.abort,
    }
    for (const batch of batches) await deadline(call, () => this.#line.source.acknowledge(batch))
  }

  async #writeItems(batch: Batch<Item>): Promise<void> {
    const quarantine = new Quarantine(this.#line, this.#settings, this.#scope, batch)
    const tries = { count: 0 }
    let rest = withItems(batch, await quarantine.withoutFaults(batch.items))
    for (;;) {
      try {
        await this.#write(rest, tries)
        return
      } catch (error) {
        if (!(error instanceof DataError)) throw error
        const context = { flow: this.#line.flow, attempt: tries.count, expected: this.#saved.get(batch.lane) }
        rest = withItems(batch, await quarantine.remove(rest.items, error, context))
      }
    }
  }

  /** Counts each attempt in `tries`. */
  async #write(batch: Batch<Item>, tries: { count: number; readonly partsFollow?: boolean }): Promise<void> {
    const { flow, sink } = this.#line
    const { lane, position, items } = batch
    const savesPosition = sink.checkpoints !== undefined && position !== undefined
    if (items.length === 0 && !savesPosition) return
    const call = this.#call(lane, `the write of ${lane}`, this.#settings.writeDeadlineMs)
    const expected = this.#saved.get(lane)
    const { partsFollow = false } = tries
    await this.#stored(batch, call, (signal) =>
      sink.write(batch, { flow, attempt: ++tries.count, expected, partsFollow, signal }),
    )
  }

  async #savePosition(lane: Lane, position: Position): Promise<void> {
    const { flow, sink, checkpoints } = this.#line
    if (sink.checkpoints === undefined && checkpoints !== undefined) {
      const call = this.#call(lane, `the checkpoint of ${lane}`, this.#settings.stateDeadlineMs)
      const move = { flow, lane, position, expected: this.#saved.get(lane) }
      await this.#stored(move, call, () => checkpoints.save(move))
    }
    this.#saved.set(lane, position)
  }

  /**
   * Tries `work` until it is done. A conflict after an attempt whose outcome nobody knows (the COMMIT was sent, the
   * answer never came) may be one with ourselves: when the saved position is the one we wanted, it is done.
   */
  async #stored(
    wanted: { readonly lane: Lane; readonly position: Position | undefined },
    call: Call,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    let inDoubt = false
    try {
      await retry(this.#scope, call, (attempt, signal) => {
        inDoubt = attempt > 1
        return work(signal)
      })
    } catch (error) {
      const { flow, sink, checkpoints } = this.#line
      const store = sink.checkpoints ?? checkpoints
      if (!(error instanceof ConflictError) || !inDoubt || store === undefined) throw error
      const saved = await retry(this.#scope, call, () => store.load(flow))
      if (wanted.position === undefined || saved.get(wanted.lane) !== wanted.position) throw error
    }
  }

  #call(lane: Lane, what: string, deadlineMs: number): Call {
    return { lane, subject: this.#line.labels?.sink ?? 'sink', what, deadlineMs }
  }
}

function traceparentsOf<Item>(items: Items<Item>, of: (item: Item) => string | undefined): readonly string[] {
  return [...items].flatMap((item) => of(item) ?? [])
}

function withItems<Item>(batch: Batch<Item>, items: Items<Item>): Batch<Item> {
  const { lane, position, unseenAt } = batch
  return { lane, position, items, ...(unseenAt === undefined ? {} : { unseenAt }) }
}
