import type { BatchEvent, FlowEvent } from '../core/observer.js'
import type { TimedObserver } from './fan-out.js'
import { LaneBatches } from './lane-batches.js'

/** What people look at may be so old. */
const TOLD_AFTER_MS = 200
/** Of all flows; with more they are told at once. */
const MAX_WAITING = 4_096
/** Lanes that come and go must not fill the memory. */
const MAX_LANES = 2_048

/**
 * Tells the batches of a lane as one event a moment later. Most of what a batch costs in a busy process is to fetch what
 * each observer keeps of its flow, so until then a batch is only put down, at the end of a list. Nothing is lost of it: the
 * event has the figures of each batch. Whatever ends a flow or changes its state is told after the batches before it, and
 * everything else at once; that a position was saved is not told, as its batch says so.
 */
export function gather(observer: TimedObserver): TimedObserver {
  const waiting = new Waiting()
  const lanes = new Lanes()
  let timer: NodeJS.Timeout | undefined
  const tellAll = (): void => {
    clearTimeout(timer)
    timer = undefined
    waiting.takeAll((flow, lane, figures, at) => lanes.of(flow, lane, observer).add(figures, at, observer))
    lanes.tell(observer)
  }
  return (event, nowMs = Date.now()) => {
    if (event.type === 'checkpoint') return
    if (event.type !== 'batch' || event.requestId !== undefined) {
      if (followsBatches(event) && waiting.count > 0) tellAll()
      observer(event, nowMs)
      return
    }
    waiting.add(event, nowMs)
    if (waiting.count === MAX_WAITING) tellAll()
    else timer ??= setTimeout(tellAll, TOLD_AFTER_MS).unref()
  }
}

/** The others come in their hundreds, and nobody minds which batches are told before them. */
function followsBatches({ type }: FlowEvent): boolean {
  return type !== 'retry' && type !== 'dead-letters' && type !== 'skipped' && type !== 'health' && type !== 'conflicts'
}

/** Batches of all flows in the order in which they were stored, as columns: nothing is made per batch. */
class Waiting {
  readonly #flows: string[] = []
  readonly #lanes: string[] = []
  /** `items`, `durationMs`, `lagMs` (-1: not known) and when it was, of one after the other. */
  readonly #figures = new Float64Array(4 * MAX_WAITING)
  count = 0

  add({ flow, lane, items, durationMs, lagMs = -1 }: BatchEvent, nowMs: number): void {
    const index = this.count++
    this.#flows[index] = flow
    this.#lanes[index] = lane
    const at = 4 * index
    this.#figures[at] = items
    this.#figures[at + 1] = durationMs
    this.#figures[at + 2] = lagMs
    this.#figures[at + 3] = nowMs
  }

  takeAll(take: (flow: string, lane: string, figures: Float64Array, at: number) => void): void {
    const count = this.count
    this.count = 0
    for (let index = 0; index < count; index++)
      take(this.#flows[index] ?? '', this.#lanes[index] ?? '', this.#figures, 4 * index)
  }
}

class Lanes {
  readonly #flows = new Map<string, Map<string, LaneBatches>>()
  #size = 0

  of(flow: string, lane: string, observer: TimedObserver): LaneBatches {
    const known = this.#flows.get(flow)?.get(lane)
    if (known !== undefined) return known
    if (this.#size === MAX_LANES) this.#forget(observer)
    const made = new LaneBatches(flow, lane)
    const lanes = this.#flows.get(flow) ?? new Map<string, LaneBatches>()
    this.#flows.set(flow, lanes.set(lane, made))
    this.#size++
    return made
  }

  tell(observer: TimedObserver): void {
    for (const lanes of this.#flows.values()) for (const lane of lanes.values()) lane.tell(observer)
  }

  #forget(observer: TimedObserver): void {
    this.tell(observer)
    this.#flows.clear()
    this.#size = 0
  }
}
