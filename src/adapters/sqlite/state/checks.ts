import type { InValue } from '@libsql/client'
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
import type { SqliteSession } from '../session/session.js'

/** As `toISOString` writes it, so that moments sort as text. */
const NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
const OLD = 'select id from lockstep_check_runs where flow = ? order by started_at desc, id desc limit -1 offset ?'

/** `CheckStore` on the tables `lockstep_check_runs` and `lockstep_check_findings`. */
export class SqliteChecks implements CheckStore {
  readonly #session: SqliteSession

  constructor(session: SqliteSession) {
    this.#session = session
  }

  async begin({ id, flow, subject, startedAt }: NewCheckRun, keepRuns: number): Promise<void> {
    const options = { what: 'keeping a run of a check' }
    await this.#session.transaction(async (transaction) => {
      await transaction.execute(
        `insert into lockstep_check_runs (id, flow, kind, started_at, heartbeat_at, differences, subject, found)
          values (?, ?, ?, ?, ${NOW}, 0, ?, ?) on conflict do nothing`,
        [id, flow, subject.kind, moment(startedAt), subjectText(subject), NOTHING_FOUND],
        options,
      )
      const old = [flow, keepRuns]
      await transaction.execute(`delete from lockstep_check_findings where run_id in (${OLD})`, old, options)
      await transaction.execute(`delete from lockstep_check_runs where id in (${OLD})`, old, options)
    }, options)
  }

  async add(id: string, findings: readonly StoredFinding[]): Promise<void> {
    if (findings.length === 0) return
    const rows = findings.map(findingRow).map(({ number, kind, key, details }) => [number, kind, key, details])
    const options = { what: 'keeping findings of a check' }
    await this.#session.transaction(async (transaction) => {
      await transaction.execute(
        `insert into lockstep_check_findings (run_id, number, kind, key_values, details)
          select run.id, value ->> 0, value ->> 1, value ->> 2, value ->> 3
          from lockstep_check_runs as run, json_each(?) where run.id = ? on conflict do nothing`,
        [JSON.stringify(rows), id],
        options,
      )
      await transaction.execute(`update lockstep_check_runs set heartbeat_at = ${NOW} where id = ?`, [id], options)
    }, options)
  }

  async alive(id: string, found: FoundCounts): Promise<void> {
    await this.#session.execute(
      `update lockstep_check_runs set heartbeat_at = ${NOW}, found = ?, differences = ? where id = ?`,
      [foundText(found), differencesOf(found), id],
      { what: 'keeping the state of a check' },
    )
  }

  async end(id: string, ended: EndedCheckRun): Promise<void> {
    const { found, endedAt, exitCode, report } = ended
    const values = [exitCode ?? null, report?.verdict ?? null, foundText(found), differencesOf(found)]
    await this.#session.execute(
      `update lockstep_check_runs set heartbeat_at = ${NOW}, ended_at = ?, exit_code = ?, verdict = ?, found = ?,
        differences = ?, outcome = ? where id = ?`,
      [moment(endedAt), ...values, outcomeText(ended), id],
      { what: 'keeping the end of a check' },
    )
  }

  async list({ flow, limit = RUN_PAGE, before }: RunPage = {}): Promise<readonly CheckRun[]> {
    const where = [
      ...(flow === undefined ? [] : ['flow = ?']),
      ...(before === undefined ? [] : ['(started_at, id) < (?, ?)']),
    ]
    const args = [
      ...(flow === undefined ? [] : [flow]),
      ...(before === undefined ? [] : [moment(before.startedAt), before.id]),
    ]
    const which = where.length === 0 ? '' : `where ${where.join(' and ')}`
    return this.#read(`${which} order by started_at desc, id desc limit ?`, [...args, limit])
  }

  async get(id: string): Promise<CheckRun | undefined> {
    const [run] = await this.#read('where id = ?', [id])
    return run
  }

  async findings(id: string, { kinds, limit = FINDING_PAGE, after = 0 }: FindingPage = {}) {
    const which = kinds === undefined ? '' : 'and kind in (select value from json_each(?))'
    const args = [id, after, ...(kinds === undefined ? [] : [JSON.stringify(kinds)]), limit]
    const sql = `select number, kind, key_values as key, details from lockstep_check_findings
      where run_id = ? and number > ? ${which} order by number limit ?`
    return (await this.#rows(sql, args, 'reading findings of a check')).map(storedFinding)
  }

  async #read(which: string, args: readonly InValue[]): Promise<readonly CheckRun[]> {
    const sql = `select id, flow, started_at as startedAt, ended_at as endedAt, exit_code as exitCode, subject, found,
        outcome, heartbeat_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-${INTERRUPTED_AFTER_S} seconds') as silent
      from lockstep_check_runs ${which}`
    return (await this.#rows(sql, args, 'reading runs of checks')).map(storedRun)
  }

  #rows(sql: string, args: readonly InValue[], what: string): Promise<readonly unknown[]> {
    return orNothing(this.#session.execute(sql, args, { what }).then(({ rows }) => rows))
  }
}

/** All of one length, so that they sort as text. */
function moment(iso: string): string {
  return new Date(iso).toISOString()
}
