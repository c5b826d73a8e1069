import type { FeedReport, FeedRun, FeedRunPage, FeedRunStore } from '../../../core/feed-run.js'
import { orNothing } from '../../sql/check-record.js'
import { FEED_RUN_PAGE, feedTexts, storedFeedReport, storedFeedRun } from '../../sql/feed-record.js'
import type { SqliteSession } from '../session/session.js'

/** `FeedRunStore` on the table `lockstep_feed_runs`. */
export class SqliteFeedRuns implements FeedRunStore {
  readonly #session: SqliteSession

  constructor(session: SqliteSession) {
    this.#session = session
  }

  async save(report: FeedReport, keepRuns: number): Promise<void> {
    const { flow, id, startedAt } = report
    const { summary, rejections } = feedTexts(report)
    const options = { what: 'keeping a run of a feed' }
    await this.#session.transaction(async (transaction) => {
      await transaction.execute(
        `insert into lockstep_feed_runs (flow, id, started_at, summary, rejections) values (?, ?, ?, ?, ?)
          on conflict (flow, id) do update set started_at = excluded.started_at, summary = excluded.summary,
            rejections = excluded.rejections`,
        [flow, id, moment(startedAt), summary, rejections],
        options,
      )
      await transaction.execute(
        `delete from lockstep_feed_runs where flow = ? and id in (
          select id from lockstep_feed_runs where flow = ? order by started_at desc, id desc limit -1 offset ?)`,
        [flow, flow, keepRuns],
        options,
      )
    }, options)
  }

  async list({ flow, limit = FEED_RUN_PAGE, before }: FeedRunPage): Promise<readonly FeedRun[]> {
    const older = before === undefined ? [] : [moment(before.startedAt), before.id]
    const query = `select flow, id, started_at as startedAt, summary from lockstep_feed_runs
      where flow = ? ${before === undefined ? '' : 'and (started_at, id) < (?, ?)'}
      order by started_at desc, id desc limit ?`
    const read = this.#session.execute(query, [flow, ...older, limit], { what: 'reading runs of feeds' })
    return (await orNothing(read.then(({ rows }) => rows))).map(storedFeedRun)
  }

  async get(flow: string, id: string): Promise<FeedReport | undefined> {
    const query = `select flow, id, started_at as startedAt, summary, rejections from lockstep_feed_runs
      where flow = ? and id = ?`
    const read = this.#session.execute(query, [flow, id], { what: 'reading a run of a feed' })
    const [row] = await orNothing(read.then(({ rows }) => rows))
    return row === undefined ? undefined : storedFeedReport(row)
  }
}

/** All of one length, so that they sort as text. */
function moment(iso: string): string {
  return new Date(iso).toISOString()
}
