import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { RunRecord, RunStore } from '../../../core/state.js'
import { KEEP_RUN_DAYS, parseRunRecord, runRecordText } from '../../sql/run-record.js'
import { OWN_TRANSACTION, type OwnTransactions } from '../own-transactions.js'
import type { Session } from '../session/session.js'
import { stateTable } from './state-schema.js'

export class PostgresRuns implements RunStore {
  readonly #session: Session
  readonly #own: OwnTransactions
  readonly #table: SQL

  constructor(session: Session, schema: string, own: OwnTransactions) {
    this.#session = session
    this.#own = own
    this.#table = stateTable(schema, 'runs')
  }

  async save(record: RunRecord): Promise<void> {
    const json = runRecordText(record)
    const query = sql`
      with forgotten as (
        delete from ${this.#table} where flow = ${record.flow} and run <> ${record.run}
          and heartbeat_at < now() - ${`${KEEP_RUN_DAYS} days`}::interval)
      insert into ${this.#table} (flow, run, started_at, heartbeat_at, record)
      values (${record.flow}, ${record.run}, ${record.startedAt}, ${record.heartbeatAt}, ${json}::jsonb)
      on conflict (flow, run) do update
        set started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at, record = excluded.record
      returning ${OWN_TRANSACTION}`
    this.#own.announceResult(await this.#session.execute(query, { what: 'saving the state of a run' }))
  }

  async latest(flow?: string): Promise<readonly RunRecord[]> {
    const which = flow === undefined ? sql`` : sql`where flow = ${flow}`
    const query = sql`select distinct on (flow) record::text as record from ${this.#table} ${which}
      order by flow, record ->> 'state' = 'standby', started_at desc, heartbeat_at desc`
    const rows = await this.#session.execute(query, { what: 'reading the latest runs' })
    return rows.map((row) => parseRunRecord(z.string().parse(row['record'])))
  }

  async list(flow: string, limit: number): Promise<readonly RunRecord[]> {
    const query = sql`select record::text as record from ${this.#table} where flow = ${flow}
      order by started_at desc, heartbeat_at desc limit ${limit}`
    const rows = await this.#session.execute(query, { what: 'listing runs' })
    return rows.map((row) => parseRunRecord(z.string().parse(row['record'])))
  }
}
