import type { Batch, Checkpoints, Lane } from '../../core/batch.js'
import type { Source } from '../../core/source.js'
import { MemoryLog } from './log.js'

export interface MemorySourceOptions {
  /** Items in a batch at most. Default 100. */
  readonly batchItems?: number
  /**
   * `checkpoint` (default): batches carry positions, reading goes on from the saved ones, like a log. `acknowledge`:
   * batches carry none and reading goes on after what was acknowledged, like a broker.
   */
  readonly resume?: 'checkpoint' | 'acknowledge'
  /** Called before each batch is given out; what it returns is thrown from the iteration instead. */
  readonly fault?: () => Error | undefined
}

/** A source whose items are appended by its user, before or while it is read. Lanes exist by being appended to. */
export class MemorySource<Item> implements Source<Item> {
  readonly #options: MemorySourceOptions
  readonly #log: MemoryLog<Item>
  readonly #ends = new WeakMap<Batch<Item>, number>()
  #reads = 0

  /** `log`: default one of its own. */
  constructor(options: MemorySourceOptions = {}, log = new MemoryLog<Item>()) {
    this.#options = options
    this.#log = log
  }

  append(lane: Lane, items: Iterable<Item>): void {
    this.#log.append(lane, items)
  }

  /** Nothing will be appended any more: iterations end once everything is read. */
  end(): void {
    this.#log.end()
  }

  /** How many iterations have begun. */
  get reads(): number {
    return this.#reads
  }

  /** How many items of a lane are acknowledged. */
  acknowledged(lane: Lane): number {
    return this.#log.acknowledged(lane)
  }

  async *read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Item>> {
    this.#reads++
    const cursors = this.#cursors(from)
    while (!signal.aborted) {
      let quiet = true
      for (const lane of this.#log.lanes.keys()) {
        const batch = this.#next(lane, cursors)
        if (batch === undefined) continue
        quiet = false
        const fault = this.#options.fault?.()
        if (fault !== undefined) throw fault
        yield batch
        if (signal.aborted) return
      }
      if (quiet && this.#log.ended) return
      if (quiet) await this.#log.change(signal)
    }
  }

  async acknowledge(batch: Batch<Item>): Promise<void> {
    const log = this.#log.lanes.get(batch.lane)
    const end = this.#ends.get(batch)
    if (log === undefined || end === undefined) throw new Error(`lane ${batch.lane}: acknowledged what was never read`)
    this.#ends.delete(batch)
    if (log.acknowledged > end || end - log.acknowledged > batch.items.length) {
      throw new Error(`lane ${batch.lane}: acknowledged out of order`)
    }
    log.acknowledged = end
    this.#log.changed()
  }

  async caughtUp(signal: AbortSignal): Promise<void> {
    const goals = [...this.#log.lanes.values()].map((log) => ({ log, length: log.items.length }))
    while (goals.some(({ log, length }) => log.acknowledged < length)) {
      signal.throwIfAborted()
      await this.#log.change(signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #cursors(from: Checkpoints): Map<Lane, number> {
    const cursors = new Map<Lane, number>()
    const { lanes } = this.#log
    if (this.#options.resume !== 'acknowledge') {
      for (const [lane, position] of from) cursors.set(lane, Number(position))
      // What is below a saved position was stored, whoever was told.
      for (const [lane, log] of lanes) log.acknowledged = cursors.get(lane) ?? 0
    }
    for (const [lane, log] of lanes) cursors.set(lane, log.acknowledged)
    this.#log.changed()
    return cursors
  }

  #next(lane: Lane, cursors: Map<Lane, number>): Batch<Item> | undefined {
    const log = this.#log.lanes.get(lane)
    const start = cursors.get(lane) ?? 0
    const unseenAt = log?.times[start]
    if (log === undefined || unseenAt === undefined) return undefined
    const items = log.items.slice(start, start + (this.#options.batchItems ?? 100))
    const end = start + items.length
    cursors.set(lane, end)
    const position = this.#options.resume === 'acknowledge' ? undefined : String(end)
    const batch = { lane, position, items, unseenAt }
    this.#ends.set(batch, end)
    return batch
  }
}

export function memorySource<Item>(options: MemorySourceOptions = {}): MemorySource<Item> {
  return new MemorySource(options)
}
