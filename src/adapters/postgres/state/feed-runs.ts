import { type SQL, sql } from 'drizzle-orm'
import type { FeedReport, FeedRun, FeedRunPage, FeedRunStore } from '../../../core/feed-run.js'
import { orNothing } from '../../sql/check-record.js'
import { FEED_RUN_PAGE, feedTexts, storedFeedReport, storedFeedRun } from '../../sql/feed-record.js'
import type { Session } from '../session/session.js'
import { stateTable } from './state-schema.js'

/** `FeedRunStore` on the table `feed_runs`. */
export class PostgresFeedRuns implements FeedRunStore {
  readonly #session: Session
  readonly #table: SQL

  constructor(session: Session, schema: string) {
    this.#session = session
    this.#table = stateTable(schema, 'feed_runs')
  }

  async save(report: FeedReport, keepRuns: number): Promise<void> {
    const { flow, id, startedAt } = report
    const { summary, rejections } = feedTexts(report)
    const options = { what: 'keeping a run of a feed' }
    await this.#session.transaction(async (transaction) => {
      await transaction.execute(
        sql`insert into ${this.#table} (flow, id, started_at, summary, rejections)
          values (${flow}, ${id}, ${startedAt}, ${summary}, ${rejections})
          on conflict (flow, id) do update set started_at = excluded.started_at, summary = excluded.summary,
            rejections = excluded.rejections`,
        options,
      )
      await transaction.execute(
        sql`delete from ${this.#table} where flow = ${flow} and id in (
          select id from ${this.#table} where flow = ${flow} order by started_at desc, id desc offset ${keepRuns})`,
        options,
      )
    }, options)
  }

  async list({ flow, limit = FEED_RUN_PAGE, before }: FeedRunPage): Promise<readonly FeedRun[]> {
    const older =
      before === undefined ? sql`` : sql`and (started_at, id) < (${before.startedAt}::timestamptz, ${before.id}::text)`
    const query = sql`select flow, id, ${STARTED_AT}, summary from ${this.#table}
      where flow = ${flow} ${older} order by started_at desc, id desc limit ${limit}`
    const rows = await orNothing(this.#session.execute(query, { what: 'reading runs of feeds' }))
    return rows.map(storedFeedRun)
  }

  async get(flow: string, id: string): Promise<FeedReport | undefined> {
    const query = sql`select flow, id, ${STARTED_AT}, summary, rejections from ${this.#table}
      where flow = ${flow} and id = ${id}`
    const [row] = await orNothing(this.#session.execute(query, { what: 'reading a run of a feed' }))
    return row === undefined ? undefined : storedFeedReport(row)
  }
}

/** With the digits that `toISOString` gives. */
const STARTED_AT = sql.raw(`to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "startedAt"`)
