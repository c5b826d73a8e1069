import type { Position } from '../../core/batch.js'
import type { Distributed } from '../../core/check-report.js'
import type { Distribute, RangeQueue, RangeRequest, RangeRun, RangesState } from '../../core/distribute.js'
import { UnavailableError } from '../../core/errors.js'
import { failpoint } from '../../core/failpoint.js'
import type { FlowContext } from '../../core/flow.js'
import type { ProgressListener } from '../../core/progress.js'
import type { Cut, RangeKind } from './range-kind.js'
import { Standing } from './standing.js'
import { WorkersWatch } from './workers-watch.js'

export interface WorkOptions<Task, Total> {
  readonly kind: RangeKind<Task, Total>
  readonly context: Pick<FlowContext, 'name' | 'observer'>
  readonly queue: RangeQueue
  readonly distribute: Distribute
  /** Of the flow, as its workers have it. */
  readonly fingerprint: string
  /** Cuts the work into ranges. Called by a reading from the beginning. */
  cut(signal: AbortSignal): Promise<Cut<Task>>
  /** Ranges that are done are kept when it is told to end, for another run to go on with. */
  readonly resumable: boolean
  readonly progress: ProgressListener | undefined
}

/** What came of a reading since the last step. */
export interface WorkStep {
  /** What workers found in a range that is done. */
  readonly found: readonly unknown[]
  /** Where all that was found before is told; `undefined` in the middle of a range. */
  readonly position: Position | undefined
}

/**
 * The coordinator's part of work that others do, range by range, whatever the work is. What they find comes range by range
 * too, as each is done. Positions say which ranges are done: another process goes on with those that are not.
 */
export class DistributedWork<Task, Total> {
  #standing: Standing<Task, Total> | undefined
  readonly #options: WorkOptions<Task, Total>
  readonly #watch: WorkersWatch

  constructor(options: WorkOptions<Task, Total>) {
    this.#options = options
    this.#watch = new WorkersWatch(options.context, options.progress)
  }

  /** What came of the ranges that are done. */
  get total(): Total {
    return this.#standing?.total ?? this.#options.kind.nothing
  }

  get distributed(): Distributed {
    return this.#standing?.distributed ?? { ranges: 0, by: 'key', workers: 0, ownMoments: 0 }
  }

  /**
   * Puts the ranges into the queue, or those that are left, and waits for them; when it is told to end, it ends. Throws
   * `RangesError` when they cannot be done, and `UnavailableError` when the queue cannot be reached: the ranges then are left
   * where they are, to be gone on with from the last position.
   */
  async *read(from: Position | undefined, signal: AbortSignal): AsyncGenerator<WorkStep, void, undefined> {
    const { kind, cut } = this.#options
    try {
      const standing = from === undefined ? Standing.begin(kind, await cut(signal)) : Standing.of(kind, from)
      this.#standing = standing
      yield* this.#read(standing, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async *#read(standing: Standing<Task, Total>, signal: AbortSignal): AsyncGenerator<WorkStep, void, undefined> {
    const request = this.#request(standing)
    const { queue } = this.#options
    const before = standing.run === undefined ? undefined : await queue.resume(standing.run, request, signal)
    const run = before ?? (await queue.begin(request, signal))
    standing.begins(run.id)
    let ended: 'done' | 'unavailable' | 'left' = 'left'
    try {
      yield { found: [], position: standing.position }
      const told = (state: RangesState): void => this.#watch.told(state, standing.distributed.ranges)
      for await (const range of run.done({ signal, told })) {
        for await (const found of run.found(range.index, signal)) yield { found, position: undefined }
        standing.add(range)
        yield { found: [], position: standing.position }
        failpoint('range')
      }
      ended = 'done'
    } catch (error) {
      if (error instanceof UnavailableError) ended = 'unavailable'
      throw error
    } finally {
      await this.#leave(run, ended, signal)
    }
  }

  /** A run that is to be gone on with by the next reading is left as it is. */
  async #leave(run: RangeRun, ended: 'done' | 'unavailable' | 'left', signal: AbortSignal): Promise<void> {
    if (ended === 'unavailable' && !signal.aborted) return
    const keep = signal.aborted && this.#options.resumable
    // What cannot be removed now is removed by the next run of the flow.
    await (keep ? run.cancel() : run.end()).catch(() => undefined)
  }

  #request({ left }: Standing<Task, Total>): RangeRequest {
    const { context, fingerprint, distribute } = this.#options
    const { attempts, leaseMs, waitMs } = distribute
    return { flow: context.name, fingerprint, attempts, leaseMs, waitMs, tasks: left }
  }
}
