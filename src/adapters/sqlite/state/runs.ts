import { z } from 'zod'
import type { RunRecord, RunStore } from '../../../core/state.js'
import { KEEP_RUN_DAYS, parseRunRecord, runRecordText } from '../../sql/run-record.js'
import type { SqliteSession } from '../session/session.js'

const Rows = z.array(z.object({ record: z.string() }))

/** `RunStore` on the table `lockstep_runs`. */
export class SqliteRuns implements RunStore {
  readonly #session: SqliteSession

  constructor(session: SqliteSession) {
    this.#session = session
  }

  async save(record: RunRecord): Promise<void> {
    const { flow, run, startedAt, heartbeatAt } = record
    const options = { what: 'saving the state of a run' }
    const old = new Date(Date.now() - KEEP_RUN_DAYS * 86_400_000).toISOString()
    await this.#session.transaction(async (transaction) => {
      await transaction.execute(
        `insert into lockstep_runs values (?, ?, ?, ?, ?) on conflict do update
          set started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at, record = excluded.record`,
        [flow, run, moment(startedAt), moment(heartbeatAt), runRecordText(record)],
        options,
      )
      const forget = 'delete from lockstep_runs where flow = ? and run <> ? and heartbeat_at < ?'
      await transaction.execute(forget, [flow, run, old], options)
    }, options)
  }

  async latest(flow?: string): Promise<readonly RunRecord[]> {
    const { rows } = await this.#session.execute(
      `select record from (select record, flow,
          row_number() over (partition by flow
            order by record ->> 'state' = 'standby', started_at desc, heartbeat_at desc) as place
        from lockstep_runs where ?1 is null or flow = ?1) where place = 1 order by flow`,
      [flow ?? null],
      { what: 'reading the latest runs' },
    )
    return Rows.parse(rows).map(({ record }) => parseRunRecord(record))
  }

  async list(flow: string, limit: number): Promise<readonly RunRecord[]> {
    const sql = 'select record from lockstep_runs where flow = ? order by started_at desc, heartbeat_at desc limit ?'
    const { rows } = await this.#session.execute(sql, [flow, limit], { what: 'listing runs' })
    return Rows.parse(rows).map(({ record }) => parseRunRecord(record))
  }
}

/** All of one length, so that they sort as text. */
function moment(iso: string): string {
  return new Date(iso).toISOString()
}
