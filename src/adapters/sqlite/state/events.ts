import { z } from 'zod'
import type { EventLogStore, EventPage, EventRetention, LoggedEvent } from '../../../core/event-log.js'
import { orNothing } from '../../sql/check-record.js'
import { EVENT_PAGE, eventChunks, eventText, loggedEvent, oldestKept } from '../../sql/logged-event.js'
import type { SqliteSession } from '../session/session.js'

const Ids = z.array(z.object({ id: z.string() }))

/** `EventLogStore` on the table `lockstep_event_log`. */
export class SqliteEvents implements EventLogStore {
  readonly #session: SqliteSession

  constructor(session: SqliteSession) {
    this.#session = session
  }

  async save(events: readonly LoggedEvent[]): Promise<void> {
    const options = { what: 'keeping events' }
    for (const chunk of eventChunks(events)) {
      await this.#session.transaction(async (transaction) => {
        for (const event of chunk) {
          await transaction.execute(
            `insert into lockstep_event_log values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
              on conflict do update set last_at = excluded.last_at, times = excluded.times`,
            valuesOf(event),
            options,
          )
        }
      }, options)
    }
  }

  async list({ flow, limit = EVENT_PAGE, before, levels, events }: EventPage = {}): Promise<readonly LoggedEvent[]> {
    const lists = [
      ...(levels === undefined ? [] : [` and level in (${levels.map(() => '?').join(', ')})`]),
      ...(events === undefined ? [] : [` and event in (${events.map(() => '?').join(', ')})`]),
    ]
    const reading = this.#session.execute(
      `select id, flow, event, level, at, last_at as lastAt, times, message, code, subject from lockstep_event_log
        where (? is null or flow = ?) and (? is null or id < ?)${lists.join('')} order by id desc limit ?`,
      [flow ?? null, flow ?? null, before ?? null, before ?? null, ...(levels ?? []), ...(events ?? []), limit],
      { what: 'listing events' },
    )
    return (await orNothing(reading.then(({ rows }) => rows))).map(loggedEvent)
  }

  async forget(flow: string, keep: EventRetention): Promise<void> {
    const options = { what: 'forgetting old events' }
    const { rows } = await this.#session.execute(
      'select id from lockstep_event_log where flow = ? order by id desc limit 1 offset ?',
      [flow, keep.rows],
      options,
    )
    const [more] = Ids.parse(rows)
    await this.#session.execute(
      'delete from lockstep_event_log where flow = ? and (id < ? or id <= ?)',
      [flow, oldestKept(keep), more?.id ?? ''],
      options,
    )
  }
}

function valuesOf(event: LoggedEvent): (string | number | null)[] {
  const { id, flow, level, at, lastAt, times, message, code, subject } = event
  const text = (value: string | undefined): string | null => (value === undefined ? null : eventText(value))
  return [id, flow, event.event, level, at, lastAt, times, text(message), text(code), text(subject)]
}
