import { randomBytes } from 'node:crypto'
import { type EventRetention, eventId } from '../../core/event-log.js'
import type { FlowEvent } from '../../core/observer.js'
import type { StateStore } from '../../core/state.js'
import { EventWriter } from './event-writer.js'
import { FlowEvents } from './flow-events.js'

export interface EventLogOptions {
  readonly flows: readonly { readonly name: string; readonly state: StateStore | undefined }[]
  readonly keep: EventRetention
}

interface Entry {
  readonly events: FlowEvents
  readonly writer: EventWriter
}

/** Keeps failures and changes of state of flows in the database of each flow's state; of flows without one nothing. */
export class EventLog {
  /** Names this process in the ids of its events. */
  readonly tag = randomBytes(4).toString('hex')
  readonly #flows = new Map<string, Entry>()
  readonly #writers = new Map<StateStore, EventWriter>()
  #number = 0

  constructor({ flows, keep }: EventLogOptions) {
    for (const { name, state } of flows) {
      if (state === undefined) continue
      const writer =
        this.#writers.get(state) ?? new EventWriter(state, keep, (flow, count) => this.#tellLost(flow, count))
      this.#writers.set(state, writer)
      this.#flows.set(name, { events: new FlowEvents(name, (ms) => this.#nextId(ms)), writer })
    }
  }

  /** An observer, on the hot path. */
  readonly observer = (event: FlowEvent, nowMs = Date.now()): void => {
    if (event.type === 'batch' || event.type === 'checkpoint') return
    const entry = this.#flows.get(event.flow)
    const made = entry?.events.take(event, nowMs)
    if (made !== undefined) entry?.writer.add(made)
  }

  /** Writes what waits; what cannot be written in so much time is given up. */
  async close(ms: number): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => writer.close(ms)))
  }

  #nextId(ms: number): string {
    return eventId(ms, this.tag, this.#number++)
  }

  #tellLost(flow: string, times: number): void {
    const nowMs = Date.now()
    const at = new Date(nowMs).toISOString()
    this.#flows.get(flow)?.writer.add({
      id: this.#nextId(nowMs),
      flow,
      event: 'events-lost',
      level: 'warn',
      at,
      lastAt: at,
      times,
      message: `${times} events were not kept, as the state database did not take them`,
      code: undefined,
      subject: undefined,
    })
  }
}
