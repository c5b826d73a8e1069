import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { EventLogStore, EventPage, EventRetention, LoggedEvent } from '../../../core/event-log.js'
import { orNothing } from '../../sql/check-record.js'
import { EVENT_PAGE, eventChunks, eventText, loggedEvent, oldestKept } from '../../sql/logged-event.js'
import { rowAlias } from '../session/row-alias.js'
import type { Session } from '../session/session.js'
import { isoMoment, mysqlMoment } from './moments.js'
import { keyHash, type StateDialect, type StatePlace, stateTable } from './state-schema.js'

const Ids = z.array(z.object({ id: z.string() }))

/** `EventLogStore` on the table `lockstep_event_log`. */
export class MysqlEvents implements EventLogStore {
  readonly #session: Session
  readonly #table: SQL
  readonly #dialect: StateDialect

  constructor(session: Session, place: StatePlace, dialect: StateDialect) {
    this.#session = session
    this.#table = stateTable(place, 'event_log')
    this.#dialect = dialect
  }

  async save(events: readonly LoggedEvent[]): Promise<void> {
    if (events.length === 0) return
    const alias = rowAlias((await this.#dialect()).dialect)
    const counted = ['last_at', 'times'].map((name) => `${name} = ${alias.incoming(name)}`)
    for (const chunk of eventChunks(events)) {
      await this.#session.change(
        sql`insert into ${this.#table} (id, flow_hash, flow, event, level, at, last_at, times, message, code, subject)
          values ${sql.join(chunk.map(valuesOf), sql`, `)} ${sql.raw(alias.clause)}
          on duplicate key update ${sql.raw(counted.join(', '))}`,
        { what: 'keeping events' },
      )
    }
  }

  async list({ flow, limit = EVENT_PAGE, before, levels, events }: EventPage = {}): Promise<readonly LoggedEvent[]> {
    const where = [
      ...(flow === undefined ? [] : [sql`flow_hash = ${keyHash(flow)}`]),
      ...(before === undefined ? [] : [sql`id < ${before}`]),
      ...(levels === undefined ? [] : [oneOf(sql`level`, levels)]),
      ...(events === undefined ? [] : [oneOf(sql`event`, events)]),
    ]
    const which = where.length === 0 ? sql`` : sql`where ${sql.join(where, sql` and `)}`
    const query = sql`select id, flow, event, level, ${isoMoment(sql`at`)} as at, ${isoMoment(sql`last_at`)} as lastAt,
        times, message, code, subject
      from ${this.#table} ${which} order by id desc limit ${limit}`
    return (await orNothing(this.#session.execute(query, { what: 'listing events' }))).map(loggedEvent)
  }

  async forget(flow: string, keep: EventRetention): Promise<void> {
    const what = 'forgetting old events'
    const hash = keyHash(flow)
    const query = sql`select id from ${this.#table} where flow_hash = ${hash} order by id desc limit 1 offset ${keep.rows}`
    const [more] = Ids.parse(await this.#session.execute(query, { what }))
    const surplus = more === undefined ? sql`` : sql`or id <= ${more.id}`
    await this.#session.change(
      sql`delete from ${this.#table} where flow_hash = ${hash} and (id < ${oldestKept(keep)} ${surplus})`,
      { what },
    )
  }
}

function valuesOf({ id, flow, event, level, at, lastAt, times, message, code, subject }: LoggedEvent): SQL {
  const text = (value: string | undefined): string | null => (value === undefined ? null : eventText(value))
  return sql`(${id}, ${keyHash(flow)}, ${flow}, ${event}, ${level}, ${mysqlMoment(at)}, ${mysqlMoment(lastAt)}, ${times},
    ${text(message)}, ${text(code)}, ${text(subject)})`
}

/** Of an empty list nothing is one. */
function oneOf(column: SQL, values: readonly string[]): SQL {
  if (values.length === 0) return sql`false`
  return sql`${column} in (${sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  )})`
}
