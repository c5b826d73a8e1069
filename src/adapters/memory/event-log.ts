import {
  type EventLogStore,
  type EventPage,
  type EventRetention,
  eventIdAt,
  type LoggedEvent,
} from '../../core/event-log.js'

/** Events that live as long as the object. */
export class MemoryEventLog implements EventLogStore {
  readonly #events = new Map<string, LoggedEvent>()

  async save(events: readonly LoggedEvent[]): Promise<void> {
    for (const event of events) {
      const { times, lastAt } = event
      this.#events.set(event.id, { ...(this.#events.get(event.id) ?? event), times, lastAt })
    }
  }

  async list({ flow, limit = 100, before, levels, events }: EventPage = {}): Promise<readonly LoggedEvent[]> {
    return this.#newestFirst()
      .filter((event) => flow === undefined || event.flow === flow)
      .filter(({ id }) => before === undefined || id < before)
      .filter(({ level }) => levels?.includes(level) ?? true)
      .filter(({ event }) => events?.includes(event) ?? true)
      .slice(0, limit)
  }

  async forget(flow: string, { days, rows }: EventRetention): Promise<void> {
    const old = eventIdAt(Date.now() - days * 86_400_000)
    const own = this.#newestFirst().filter((event) => event.flow === flow)
    for (const [index, { id }] of own.entries()) if (index >= rows || id < old) this.#events.delete(id)
  }

  #newestFirst(): readonly LoggedEvent[] {
    return [...this.#events.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
  }
}
