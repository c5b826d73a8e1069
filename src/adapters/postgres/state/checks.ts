import { type SQL, sql } from 'drizzle-orm'
import type {
  CheckRun,
  CheckStore,
  EndedCheckRun,
  FindingPage,
  FoundCounts,
  NewCheckRun,
  RunPage,
  StoredFinding,
} from '../../../core/check-store.js'
import { type FindingRow, findingRow, storedFinding } from '../../sql/check-finding.js'
import {
  differencesOf,
  FINDING_PAGE,
  foundText,
  INTERRUPTED_AFTER_S,
  NOTHING_FOUND,
  orNothing,
  outcomeText,
  RUN_PAGE,
  storedRun,
  subjectText,
} from '../../sql/check-record.js'
import type { Session } from '../session/session.js'
import { stateTable } from './state-schema.js'

/** `CheckStore` on the tables `check_runs` and `check_findings`. */
export class PostgresChecks implements CheckStore {
  readonly #session: Session
  readonly #runs: SQL
  readonly #findings: SQL

  constructor(session: Session, schema: string) {
    this.#session = session
    this.#runs = stateTable(schema, 'check_runs')
    this.#findings = stateTable(schema, 'check_findings')
  }

  async begin({ id, flow, subject, startedAt }: NewCheckRun, keepRuns: number): Promise<void> {
    const options = { what: 'keeping a run of a check' }
    await this.#session.transaction(async (transaction) => {
      await transaction.execute(
        sql`insert into ${this.#runs} (id, flow, kind, started_at, subject, found)
          values (${id}, ${flow}, ${subject.kind}, ${startedAt}, ${subjectText(subject)}, ${NOTHING_FOUND})
          on conflict do nothing`,
        options,
      )
      await transaction.execute(
        sql`with old as (
            select id from ${this.#runs} where flow = ${flow} order by started_at desc, id desc offset ${keepRuns}),
          emptied as (delete from ${this.#findings} as finding using old where finding.run_id = old.id)
          delete from ${this.#runs} as run using old where run.id = old.id`,
        options,
      )
    }, options)
  }

  async add(id: string, findings: readonly StoredFinding[]): Promise<void> {
    if (findings.length === 0) return
    const rows = findings.map(findingRow)
    const column = (of: (row: FindingRow) => string | number): SQL => sql`${sql.param(rows.map(of))}`
    await this.#session.execute(
      sql`with run as (update ${this.#runs} set heartbeat_at = now() where id = ${id} returning id)
        insert into ${this.#findings} (run_id, number, kind, key, details)
        select run.id, given.* from run, unnest(${column(({ number }) => number)}::int[],
          ${column(({ kind }) => kind)}::text[], ${column(({ key }) => key)}::text[],
          ${column(({ details }) => details)}::text[]) as given
        on conflict do nothing`,
      { what: 'keeping findings of a check' },
    )
  }

  async alive(id: string, found: FoundCounts): Promise<void> {
    await this.#session.execute(
      sql`update ${this.#runs} set heartbeat_at = now(), found = ${foundText(found)}, differences = ${differencesOf(found)}
        where id = ${id}`,
      { what: 'keeping the state of a check' },
    )
  }

  async end(id: string, ended: EndedCheckRun): Promise<void> {
    const { found, endedAt, exitCode, report } = ended
    await this.#session.execute(
      sql`update ${this.#runs} set heartbeat_at = now(), ended_at = ${endedAt}::timestamptz, exit_code = ${exitCode ?? null}::int,
          verdict = ${report?.verdict ?? null}::text, found = ${foundText(found)}, differences = ${differencesOf(found)},
          outcome = ${outcomeText(ended)}
        where id = ${id}`,
      { what: 'keeping the end of a check' },
    )
  }

  async list({ flow, limit = RUN_PAGE, before }: RunPage = {}): Promise<readonly CheckRun[]> {
    const where = [
      ...(flow === undefined ? [] : [sql`flow = ${flow}`]),
      ...(before === undefined ? [] : [sql`(started_at, id) < (${before.startedAt}::timestamptz, ${before.id}::text)`]),
    ]
    return this.#read(sql`${all(where)} order by started_at desc, id desc limit ${limit}`)
  }

  async get(id: string): Promise<CheckRun | undefined> {
    const [run] = await this.#read(sql`where id = ${id}`)
    return run
  }

  async findings(id: string, { kinds, limit = FINDING_PAGE, after = 0 }: FindingPage = {}) {
    const which = kinds === undefined ? sql`` : sql`and kind = any (${sql.param([...kinds])}::text[])`
    const query = sql`select number, kind, key, details from ${this.#findings}
      where run_id = ${id} and number > ${after} ${which} order by number limit ${limit}`
    const rows = await orNothing(this.#session.execute(query, { what: 'reading findings of a check' }))
    return rows.map(storedFinding)
  }

  async #read(which: SQL): Promise<readonly CheckRun[]> {
    const query = sql`
      select id, flow, ${iso(sql`started_at`)} as "startedAt", ${iso(sql`ended_at`)} as "endedAt", exit_code as "exitCode",
        heartbeat_at < now() - ${`${INTERRUPTED_AFTER_S} s`}::interval as silent, subject, found, outcome
      from ${this.#runs} ${which}`
    const rows = await orNothing(this.#session.execute(query, { what: 'reading runs of checks' }))
    return rows.map(storedRun)
  }
}

function all(conditions: readonly SQL[]): SQL {
  return conditions.length === 0 ? sql`` : sql`where ${sql.join([...conditions], sql` and `)}`
}

/** With the digits that `toISOString` gives. */
function iso(column: SQL): SQL {
  return sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}
