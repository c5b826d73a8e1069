import type { EventRetention, LoggedEvent } from '../../core/event-log.js'
import type { StateStore } from '../../core/state.js'
import { deadline } from '../../engine/deadline.js'

const GATHER_MS = 1_000
const DEADLINE_MS = 5_000
const MAX_WAIT_MS = 30_000
/** Events that wait for a database that does not take them; the oldest go first then. */
const MAX_PENDING = 2_000
/** Old events are forgotten so often, by the flows that told something. */
const FORGET_MS = 3_600_000

/**
 * Writes events to one state database, those of a second together. Nobody waits for it: a database that is slow or down
 * gets them later, and of too many the newest.
 */
export class EventWriter {
  readonly #state: StateStore
  readonly #keep: EventRetention
  readonly #pending = new Map<string, LoggedEvent>()
  /** When events of a flow were forgotten last. */
  readonly #forgotten = new Map<string, number>()
  readonly #lost: (flow: string, count: number) => void
  readonly #dropped = new Map<string, number>()
  #prepared = false
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined

  /** `lost`: is told of events that were given up, when events can be written again. */
  constructor(state: StateStore, keep: EventRetention, lost: (flow: string, count: number) => void) {
    this.#state = state
    this.#keep = keep
    this.#lost = lost
  }

  /** An event that was told before and stands for more now takes the place of what waits of it. */
  add(event: LoggedEvent): void {
    this.#pending.set(event.id, event)
    if (this.#pending.size > MAX_PENDING) this.#drop()
    if (this.#timer === undefined && this.#writing === undefined) this.#schedule(GATHER_MS)
  }

  /** Writes what waits, once, in so much time. */
  async close(ms: number): Promise<void> {
    clearTimeout(this.#timer)
    const over = Date.now() + ms
    await this.#writing
    clearTimeout(this.#timer)
    if (this.#pending.size > 0) await this.#write(Math.max(1, over - Date.now()))
    clearTimeout(this.#timer)
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#write(DEADLINE_MS).finally(() => {
        this.#writing = undefined
        if (this.#pending.size > 0) this.#schedule(this.#waitMs())
      })
    }, ms)
    this.#timer.unref()
  }

  #waitMs(): number {
    return Math.min(GATHER_MS * 2 ** this.#failures, MAX_WAIT_MS)
  }

  /** Never rejects. */
  async #write(ms: number): Promise<void> {
    const events = [...this.#pending.values()].map(asItStands)
    try {
      await deadline({ what: 'the event log', ms }, (signal) => this.#save(events, signal))
      this.#failures = 0
      for (const { id, times } of events) if (this.#pending.get(id)?.times === times) this.#pending.delete(id)
      const dropped = [...this.#dropped]
      this.#dropped.clear()
      for (const [flow, count] of dropped) this.#lost(flow, count)
    } catch {
      this.#failures = Math.min(this.#failures + 1, 10)
    }
  }

  async #save(events: readonly LoggedEvent[], signal: AbortSignal): Promise<void> {
    const { events: store } = this.#state
    if (!this.#prepared) await this.#state.prepare(signal)
    this.#prepared = true
    await store.save(events)
    const nowMs = Date.now()
    for (const flow of new Set(events.map((event) => event.flow))) {
      if (nowMs - (this.#forgotten.get(flow) ?? 0) < FORGET_MS) continue
      await store.forget(flow, this.#keep)
      this.#forgotten.set(flow, nowMs)
    }
  }

  #drop(): void {
    const [oldest] = this.#pending.values()
    if (oldest === undefined) return
    this.#pending.delete(oldest.id)
    this.#dropped.set(oldest.flow, (this.#dropped.get(oldest.flow) ?? 0) + 1)
  }
}

/** Events are counted on while they are written. */
function asItStands(event: LoggedEvent): LoggedEvent {
  const { id, flow, level, at, lastAt, times, message, code, subject } = event
  return { id, flow, event: event.event, level, at, lastAt, times, message, code, subject }
}
