import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { FeedReport, FeedRun, FeedRunPage, FeedRunStore } from '../../../core/feed-run.js'
import { orNothing } from '../../sql/check-record.js'
import { FEED_RUN_PAGE, feedTexts, storedFeedReport, storedFeedRun } from '../../sql/feed-record.js'
import type { Session } from '../session/session.js'
import { mysqlMoment } from './moments.js'
import { keyHash, type StatePlace, stateTable } from './state-schema.js'

const Old = z.array(z.object({ id: z.string() }))

/** MySQL knows no OFFSET without a LIMIT. */
const ALL = sql.raw('18446744073709551615')

/** `FeedRunStore` on the table `lockstep_feed_runs`. */
export class MysqlFeedRuns implements FeedRunStore {
  readonly #session: Session
  readonly #table: SQL

  constructor(session: Session, place: StatePlace) {
    this.#session = session
    this.#table = stateTable(place, 'feed_runs')
  }

  async save(report: FeedReport, keepRuns: number): Promise<void> {
    const { flow, id } = report
    const { summary, rejections } = feedTexts(report)
    const [hash, startedAt] = [keyHash(flow), mysqlMoment(report.startedAt)]
    const options = { what: 'keeping a run of a feed' }
    await this.#session.transaction(async (transaction) => {
      await transaction.change(
        sql`insert into ${this.#table} (flow_hash, id, flow, started_at, summary, rejections)
          values (${hash}, ${id}, ${flow}, ${startedAt}, ${summary}, ${rejections})
          on duplicate key update started_at = ${startedAt}, summary = ${summary}, rejections = ${rejections}`,
        options,
      )
      const old = await transaction.execute(
        sql`select id from ${this.#table} where flow_hash = ${hash}
          order by started_at desc, id desc limit ${ALL} offset ${keepRuns}`,
        options,
      )
      for (const gone of Old.parse(old)) {
        await transaction.change(sql`delete from ${this.#table} where flow_hash = ${hash} and id = ${gone.id}`, options)
      }
    }, options)
  }

  async list({ flow, limit = FEED_RUN_PAGE, before }: FeedRunPage): Promise<readonly FeedRun[]> {
    const at = before && mysqlMoment(before.startedAt)
    const older =
      before === undefined ? sql`` : sql`and (started_at < ${at} or (started_at = ${at} and id < ${before.id}))`
    const query = sql`select flow, id, ${STARTED_AT}, summary from ${this.#table}
      where flow_hash = ${keyHash(flow)} ${older} order by started_at desc, id desc limit ${limit}`
    const rows = await orNothing(this.#session.execute(query, { what: 'reading runs of feeds' }))
    return rows.map(storedFeedRun)
  }

  async get(flow: string, id: string): Promise<FeedReport | undefined> {
    const query = sql`select flow, id, ${STARTED_AT}, summary, rejections from ${this.#table}
      where flow_hash = ${keyHash(flow)} and id = ${id}`
    const [row] = await orNothing(this.#session.execute(query, { what: 'reading a run of a feed' }))
    return row === undefined ? undefined : storedFeedReport(row)
  }
}

/** With the digits that `toISOString` gives. */
const STARTED_AT = sql.raw(`concat(left(date_format(started_at, '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z') as startedAt`)
