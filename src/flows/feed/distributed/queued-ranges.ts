import type { Distribute, DoneRange, RangeQueue, RangeRequest, RangeRun } from '../../../core/distribute.js'
import { UnavailableError } from '../../../core/errors.js'
import { failpoint } from '../../../core/failpoint.js'
import { backOffMs, pause } from '../../../engine/retry.js'
import type { WorkersWatch } from '../../distributed/workers-watch.js'
import type { Rejected } from '../rejections.js'
import { unpackHashes } from './key-hashes.js'
import { FeedRange, type FeedTask, Found } from './range-task.js'

const BACK_OFF = { initialMs: 100, maxMs: 2_000, random: Math.random }

export interface QueuedOptions {
  readonly flow: string
  readonly fingerprint: string
  readonly distribute: Distribute
  readonly queue: RangeQueue
  readonly tasks: readonly FeedTask[]
  readonly watch: WorkersWatch
  /** How long to go on trying while the queue cannot be reached, in ms. */
  readonly patienceMs: number
  readonly signal: AbortSignal
}

/** The ranges of one attempt, in the queue. Disposing it takes them out, done or not: no other run can use them. */
export class QueuedRanges implements AsyncDisposable {
  readonly #options: QueuedOptions
  readonly #done = new Map<number, FeedRange>()
  readonly #workers = new Set<string>()
  #tasks: ReadonlyMap<number, FeedTask>
  #run: RangeRun | undefined

  constructor(options: QueuedOptions) {
    this.#options = options
    this.#tasks = new Map(options.tasks.entries())
  }

  /** What came of those that are done, by range, in the order of the key. */
  get results(): ReadonlyMap<number, FeedRange> {
    return new Map([...this.#done].sort(([one], [other]) => one - other))
  }

  get workers(): readonly string[] {
    return [...this.#workers]
  }

  /** Each as it is done, in any order. Throws `RangesError` when they cannot be done. */
  async *done(): AsyncGenerator<FeedRange, void, undefined> {
    const { tasks, watch, signal } = this.#options
    while (this.#left().size > 0) {
      const run = await this.#patiently(() => this.#open())
      const told = watch.told.bind(watch)
      const ranges = run.done({ signal, told: (state) => told(state, tasks.length) })[Symbol.asyncIterator]()
      try {
        for (let next = await ranges.next(); next.done !== true; next = await ranges.next())
          yield this.#note(next.value)
      } catch (error) {
        if (!(error instanceof UnavailableError) || signal.aborted) throw error
        // The ranges stay in the queue, and the moment is still held.
      } finally {
        await ranges.return?.()
      }
    }
  }

  /** Has ranges that are done done again, by other tasks: `done` tells of them. */
  async again(tasks: ReadonlyMap<number, FeedTask>): Promise<void> {
    const run = this.#run
    if (run === undefined) throw lost()
    this.#tasks = tasks
    await this.#patiently(() => run.again(tasks, this.#options.signal))
    for (const index of tasks.keys()) this.#done.delete(index)
  }

  /** The rows that workers rejected in ranges that are done, in the order of the key. */
  async *rejected(): AsyncGenerator<readonly Rejected[], void, undefined> {
    for (const [index, { rejected }] of this.results) {
      if (rejected === 0) continue
      let told = 0
      for await (const found of this.#found(index)) {
        const some = found.flatMap((item) => ('keys' in item ? [] : [item]))
        told += some.length
        yield some
      }
      if (told !== rejected) throw incomplete()
    }
  }

  /** Hashes of the keys of the rows of a range that is done, in no order. */
  async *keys(index: number): AsyncGenerator<BigUint64Array, void, undefined> {
    let told = 0
    for await (const found of this.#found(index)) {
      for (const hashes of found.flatMap((item) => ('keys' in item ? [unpackHashes(item.keys)] : []))) {
        told += hashes.length
        yield hashes
      }
    }
    if (told !== this.#done.get(index)?.keys) throw incomplete()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What cannot be removed now is removed by the next run of the flow.
    await this.#run?.end().catch(() => undefined)
  }

  async *#found(index: number): AsyncGenerator<readonly Found[], void, undefined> {
    if (this.#run === undefined) return
    for await (const items of this.#run.found(index, this.#options.signal)) yield items.map((item) => Found.parse(item))
  }

  #left(): ReadonlyMap<number, FeedTask> {
    return new Map([...this.#tasks].filter(([index]) => !this.#done.has(index)))
  }

  #note({ index, result, worker }: DoneRange): FeedRange {
    const range = FeedRange.parse(result)
    this.#done.set(index, range)
    this.#workers.add(worker)
    failpoint('feed:range')
    return range
  }

  async #open(): Promise<RangeRun> {
    const { queue, signal } = this.#options
    const request = this.#request()
    const before = this.#run
    const run =
      before === undefined ? await queue.begin(request, signal) : await queue.resume(before.id, request, signal)
    if (run === undefined) throw lost()
    this.#run = run
    return run
  }

  #request(): RangeRequest {
    const { flow, fingerprint, distribute } = this.#options
    const { attempts, leaseMs, waitMs } = distribute
    return { flow, fingerprint, attempts, leaseMs, waitMs, tasks: this.#left() }
  }

  async #patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    const { patienceMs, signal } = this.#options
    const startedMs = performance.now()
    for (let failures = 1; ; failures++) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof UnavailableError) || error.code === 'ranges-gone' || signal.aborted) throw error
        if (performance.now() - startedMs >= patienceMs) throw error
        await pause(backOffMs(failures, BACK_OFF), signal)
      }
    }
  }
}

function lost(): UnavailableError {
  return new UnavailableError('ranges-gone', 'the ranges of this run are gone from the queue; the feed is written anew')
}

function incomplete(): UnavailableError {
  const message = 'not all that workers told of their rows is in the queue; the feed is written anew'
  return new UnavailableError('ranges-incomplete', message)
}
