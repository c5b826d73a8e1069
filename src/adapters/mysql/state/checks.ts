import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
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
import { findingRow, storedFinding } from '../../sql/check-finding.js'
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
import { mysqlMoment } from './moments.js'
import { keyHash, type StatePlace, stateTable } from './state-schema.js'

const Old = z.array(z.object({ id: z.string() }))

/** MySQL knows no OFFSET without a LIMIT. */
const ALL = sql.raw('18446744073709551615')

/** `CheckStore` on the tables `lockstep_check_runs` and `lockstep_check_findings`. */
export class MysqlChecks implements CheckStore {
  readonly #session: Session
  readonly #runs: SQL
  readonly #findings: SQL

  constructor(session: Session, place: StatePlace) {
    this.#session = session
    this.#runs = stateTable(place, 'check_runs')
    this.#findings = stateTable(place, 'check_findings')
  }

  async begin({ id, flow, subject, startedAt }: NewCheckRun, keepRuns: number): Promise<void> {
    const options = { what: 'keeping a run of a check' }
    await this.#session.transaction(async (transaction) => {
      await transaction.change(
        sql`insert ignore into ${this.#runs} (id, flow_hash, flow, kind, started_at, heartbeat_at, differences, subject, found)
          values (${id}, ${keyHash(flow)}, ${flow}, ${subject.kind}, ${mysqlMoment(startedAt)}, utc_timestamp(6), 0,
            ${subjectText(subject)}, ${NOTHING_FOUND})`,
        options,
      )
      const old = await transaction.execute(
        sql`select id from ${this.#runs} where flow_hash = ${keyHash(flow)}
          order by started_at desc, id desc limit ${ALL} offset ${keepRuns}`,
        options,
      )
      for (const { id: gone } of Old.parse(old)) {
        await transaction.change(sql`delete from ${this.#findings} where run_id = ${gone}`, options)
        await transaction.change(sql`delete from ${this.#runs} where id = ${gone}`, options)
      }
    }, options)
  }

  async add(id: string, findings: readonly StoredFinding[]): Promise<void> {
    if (findings.length === 0) return
    const options = { what: 'keeping findings of a check' }
    const rows = findings
      .map(findingRow)
      .map(({ number, kind, key, details }) => sql`(${id}, ${number}, ${kind}, ${key}, ${details})`)
    await this.#session.transaction(async (transaction) => {
      const here = await transaction.execute(sql`select id from ${this.#runs} where id = ${id} for update`, options)
      if (here.length === 0) return
      await transaction.change(
        sql`insert ignore into ${this.#findings} (run_id, number, kind, key_values, details) values ${sql.join(rows, sql`, `)}`,
        options,
      )
      await transaction.change(sql`update ${this.#runs} set heartbeat_at = utc_timestamp(6) where id = ${id}`, options)
    }, options)
  }

  async alive(id: string, found: FoundCounts): Promise<void> {
    await this.#session.change(
      sql`update ${this.#runs} set heartbeat_at = utc_timestamp(6), found = ${foundText(found)},
          differences = ${differencesOf(found)} where id = ${id}`,
      { what: 'keeping the state of a check' },
    )
  }

  async end(id: string, ended: EndedCheckRun): Promise<void> {
    const { found, endedAt, exitCode, report } = ended
    await this.#session.change(
      sql`update ${this.#runs} set heartbeat_at = utc_timestamp(6), ended_at = ${mysqlMoment(endedAt)},
          exit_code = ${exitCode ?? null}, verdict = ${report?.verdict ?? null}, found = ${foundText(found)},
          differences = ${differencesOf(found)}, outcome = ${outcomeText(ended)} where id = ${id}`,
      { what: 'keeping the end of a check' },
    )
  }

  async list({ flow, limit = RUN_PAGE, before }: RunPage = {}): Promise<readonly CheckRun[]> {
    const at = before && mysqlMoment(before.startedAt)
    const where = [
      ...(flow === undefined ? [] : [sql`flow_hash = ${keyHash(flow)}`]),
      ...(before === undefined ? [] : [sql`(started_at < ${at} or (started_at = ${at} and id < ${before.id}))`]),
    ]
    return this.#read(sql`${all(where)} order by started_at desc, id desc limit ${limit}`)
  }

  async get(id: string): Promise<CheckRun | undefined> {
    const [run] = await this.#read(sql`where id = ${id}`)
    return run
  }

  async findings(id: string, { kinds, limit = FINDING_PAGE, after = 0 }: FindingPage = {}) {
    const named = kinds?.map((kind) => sql`${kind}`)
    if (named?.length === 0) return []
    const which = named === undefined ? sql`` : sql`and kind in (${sql.join(named, sql`, `)})`
    const query = sql`select number, kind, key_values as \`key\`, details from ${this.#findings}
      where run_id = ${id} and number > ${after} ${which} order by number limit ${limit}`
    const rows = await orNothing(this.#session.execute(query, { what: 'reading findings of a check' }))
    return rows.map(storedFinding)
  }

  async #read(which: SQL): Promise<readonly CheckRun[]> {
    const query = sql`
      select id, flow, ${iso(sql`started_at`)} as startedAt, ${iso(sql`ended_at`)} as endedAt, exit_code as exitCode,
        heartbeat_at < utc_timestamp(6) - interval ${INTERRUPTED_AFTER_S} second as silent, subject, found, outcome
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
  return sql`concat(left(date_format(${column}, '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')`
}
