import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { RunRecord, RunStore } from '../../../core/state.js'
import { KEEP_RUN_DAYS, parseRunRecord, runRecordText } from '../../sql/run-record.js'
import { rowAlias } from '../session/row-alias.js'
import type { Session } from '../session/session.js'
import { mysqlMoment } from './moments.js'
import { keyHash, type StateDialect, type StatePlace, stateTable } from './state-schema.js'

const Rows = z.array(z.object({ record: z.string() }))

/** `RunStore` on the table `lockstep_runs`. */
export class MysqlRuns implements RunStore {
  readonly #session: Session
  readonly #table: SQL
  readonly #dialect: StateDialect

  constructor(session: Session, place: StatePlace, dialect: StateDialect) {
    this.#session = session
    this.#table = stateTable(place, 'runs')
    this.#dialect = dialect
  }

  async save(record: RunRecord): Promise<void> {
    const alias = rowAlias((await this.#dialect()).dialect)
    const { flow, run } = record
    const changed = ['started_at', 'heartbeat_at', 'record'].map((name) => `${name} = ${alias.incoming(name)}`)
    const what = 'saving the state of a run'
    await this.#session.change(
      sql`insert into ${this.#table} (flow_hash, run_hash, flow, run, started_at, heartbeat_at, record)
        values (${keyHash(flow)}, ${keyHash(run)}, ${flow}, ${run}, ${mysqlMoment(record.startedAt)},
          ${mysqlMoment(record.heartbeatAt)}, ${runRecordText(record)}) ${sql.raw(alias.clause)}
        on duplicate key update ${sql.raw(changed.join(', '))}`,
      { what },
    )
    await this.#session.change(
      sql`delete from ${this.#table} where flow_hash = ${keyHash(flow)} and run_hash <> ${keyHash(run)}
        and heartbeat_at < utc_timestamp(6) - interval ${KEEP_RUN_DAYS} day`,
      { what },
    )
  }

  async latest(flow?: string): Promise<readonly RunRecord[]> {
    const which = flow === undefined ? sql`` : sql`where flow_hash = ${keyHash(flow)}`
    const query = sql`select record from (
        select record, flow, row_number() over (partition by flow_hash
            order by json_extract(record, '$.state') = 'standby', started_at desc, heartbeat_at desc) as place
        from ${this.#table} ${which}) ranked
      where place = 1 order by flow`
    const rows = await this.#session.execute(query, { what: 'reading the latest runs' })
    return Rows.parse(rows).map(({ record }) => parseRunRecord(record))
  }

  async list(flow: string, limit: number): Promise<readonly RunRecord[]> {
    const query = sql`select record from ${this.#table} where flow_hash = ${keyHash(flow)}
      order by started_at desc, heartbeat_at desc limit ${limit}`
    const rows = await this.#session.execute(query, { what: 'listing runs' })
    return Rows.parse(rows).map(({ record }) => parseRunRecord(record))
  }
}
