import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { EventLogStore, EventPage, EventRetention, LoggedEvent } from '../../../core/event-log.js'
import { orNothing } from '../../sql/check-record.js'
import { EVENT_PAGE, eventChunks, eventText, loggedEvent, oldestKept } from '../../sql/logged-event.js'
import { OWN_TRANSACTION, type OwnTransactions } from '../own-transactions.js'
import type { ResultRow, Session } from '../session/session.js'
import { stateTable } from './state-schema.js'

const Ids = z.array(z.object({ id: z.string() }))

/** `EventLogStore` on the table `event_log`. */
export class PostgresEvents implements EventLogStore {
  readonly #session: Session
  readonly #own: OwnTransactions
  readonly #table: SQL

  constructor(session: Session, schema: string, own: OwnTransactions) {
    this.#session = session
    this.#own = own
    this.#table = stateTable(schema, 'event_log')
  }

  async save(events: readonly LoggedEvent[]): Promise<void> {
    for (const chunk of eventChunks(events)) {
      const rows = await this.#session.execute(this.#upsert(chunk), { what: 'keeping events' })
      this.#announce(rows)
    }
  }

  async list({ flow, limit = EVENT_PAGE, before, levels, events }: EventPage = {}): Promise<readonly LoggedEvent[]> {
    const where = [
      ...(flow === undefined ? [] : [sql`flow = ${flow}`]),
      ...(before === undefined ? [] : [sql`id < ${before}`]),
      ...(levels === undefined ? [] : [sql`level = any (${sql.param([...levels])}::text[])`]),
      ...(events === undefined ? [] : [sql`event = any (${sql.param([...events])}::text[])`]),
    ]
    const which = where.length === 0 ? sql`` : sql`where ${sql.join(where, sql` and `)}`
    const query = sql`select id, flow, event, level, ${iso(sql`at`)} as at, ${iso(sql`last_at`)} as "lastAt",
        times::text as times, message, code, subject
      from ${this.#table} ${which} order by id desc limit ${limit}`
    const rows = await orNothing(this.#session.execute(query, { what: 'listing events' }))
    return rows.map(loggedEvent)
  }

  async forget(flow: string, keep: EventRetention): Promise<void> {
    const what = 'forgetting old events'
    const query = sql`select id from ${this.#table} where flow = ${flow} order by id desc offset ${keep.rows} limit 1`
    const [more] = Ids.parse(await this.#session.execute(query, { what }))
    const old = oldestKept(keep)
    const surplus = more === undefined ? sql`` : sql`or id <= ${more.id}`
    const rows = await this.#session.execute(
      sql`delete from ${this.#table} where flow = ${flow} and (id < ${old} ${surplus}) returning ${OWN_TRANSACTION}`,
      { what },
    )
    this.#announce(rows)
  }

  #announce(rows: readonly ResultRow[]): void {
    if (rows.length > 0) this.#own.announceResult(rows)
  }

  #upsert(events: readonly LoggedEvent[]): SQL {
    const column = (of: (event: LoggedEvent) => string | number | null): SQL => sql`${sql.param(events.map(of))}`
    const text = (of: (event: LoggedEvent) => string | undefined): SQL =>
      column((event) => {
        const value = of(event)
        return value === undefined ? null : eventText(value)
      })
    return sql`
      insert into ${this.#table} as known (id, flow, event, level, at, last_at, times, message, code, subject)
      select * from unnest(${column(({ id }) => id)}::text[], ${column(({ flow }) => flow)}::text[],
        ${column(({ event }) => event)}::text[], ${column(({ level }) => level)}::text[],
        ${column(({ at }) => at)}::timestamptz[], ${column(({ lastAt }) => lastAt)}::timestamptz[],
        ${column(({ times }) => times)}::bigint[], ${text(({ message }) => message)}::text[],
        ${text(({ code }) => code)}::text[], ${text(({ subject }) => subject)}::text[])
      on conflict (id) do update set last_at = excluded.last_at, times = excluded.times
      returning ${OWN_TRANSACTION}`
  }
}

function iso(column: SQL): SQL {
  return sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}
