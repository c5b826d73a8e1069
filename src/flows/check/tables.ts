import { agree, type RepairEnds } from '../../compare/agree.js'
import { aligned, assertComparable } from '../../compare/comparable.js'
import { rowEquality } from '../../compare/tolerance.js'
import type { CheckAlert } from '../../core/alert.js'
import type { ReadOptions, TableRef } from '../../core/database.js'
import { describeOptions } from '../../core/describe-options.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError, LockstepError, UnavailableError } from '../../core/errors.js'
import type { CheckOptions, CheckReport, Flow, FlowContext, Sample } from '../../core/flow.js'
import { notRepairable, type RepairOptions, type Side } from '../../core/repair.js'
import type { Schedule, ScheduleOptions } from '../../core/schedule.js'
import type { Table } from '../../core/table.js'
import { parseAlert } from '../alert.js'
import { canonical, hasOpen } from '../open-table.js'
import { parseSchedule } from '../schedule.js'
import { checkTables } from './check-tables.js'
import { type HistoryOptions, type HistorySettings, parseHistory } from './history/options.js'
import { recorded } from './history/recorded.js'
import { tablesSubject } from './history/subject.js'
import { Patience } from './patience.js'
import { Mender } from './repair/mender.js'
import { tableRepairs } from './repair/table-repairs.js'

export interface TablesCheck {
  /** Tables of PostgreSQL, MySQL, MariaDB or SQLite, of one engine or of two. */
  readonly left: TableRef
  readonly right: TableRef
  /** The right column of each left one that is named otherwise in the database: `{ price: 'unit_price' }`. */
  readonly columns?: Readonly<Record<string, string>>
  /**
   * How far numbers of a left column may be apart and still be the same: `{ price: 0.01 }`. Such rows are fetched and
   * compared here each time, as their digests differ: it is for few rows.
   */
  readonly tolerance?: Readonly<Record<string, number>>
  /**
   * Which rows are compared: SQL of each side's database over its table's own columns, `deleted_at is null`. A row for
   * which it does not hold is missing on that side. One text is for both sides.
   */
  readonly where?: string | { readonly left?: string; readonly right?: string }
  /**
   * `none`: nothing identifies a row. All columns are compared as one, NULL is NULL, and a finding says how many copies of
   * a row each side has. Default: the key of the tables (their option `key`).
   */
  readonly key?: 'none'
  /** Compares only a share of the rows, the same ones on both sides: `0.01`, or `{ share: 0.01, seed: 1 }` for others. */
  readonly sample?: number | Sample
  /** Time between two looks at a row that differs, in ms. Default 1000; more when rows take longer to arrive. */
  readonly settleMs?: number
  /** When people are told, and where: `{ when: 'any', to: webhook(...) }`. Default: as `alerts` of the config. */
  readonly alert?: CheckAlert
  /** When `lockstep run` checks: `'0 3 * * *'` (UTC), or `{ cron, timeZone }`. Default: once, at the start. */
  readonly schedule?: ScheduleOptions
  /** What is kept of its runs in the config's `state` database. Default: 100 runs and 1,000 findings of each, without rows. */
  readonly history?: HistoryOptions | false
}

/** Compares two tables, row by row where it must, and reports; both sides are only read. */
export function tables(options: TablesCheck): Flow {
  return new TablesFlow(options)
}

class TablesFlow implements Flow {
  readonly kind = 'check'
  readonly databases: Flow['databases']
  readonly schedule: Schedule | undefined
  readonly alert: Flow['alert']
  readonly #options: TablesCheck
  readonly #history: HistorySettings | undefined

  constructor(options: TablesCheck) {
    this.#options = options
    this.alert = parseAlert(options.alert, 'check', 'check.tables')
    this.schedule = parseSchedule(options.schedule, 'check.tables')
    this.#history = parseHistory(options.history, 'check.tables')
    this.databases = [...new Set([options.left.database, options.right.database])]
  }

  /** Checks once; the verdict is an event. */
  async run(context: FlowContext): Promise<void> {
    await this.check(context, {})
  }

  async check(context: FlowContext, options: CheckOptions): Promise<CheckReport> {
    const sample = sampleOf(`flows.${context.name}.sample`, options.sample ?? this.#options.sample)
    const { left, right } = this.#options
    const where = { left: this.#reading.left.where, right: this.#reading.right.where }
    const subject = tablesSubject({ left, right, where, sample })
    const recording = { context, options, subject, settings: this.#history }
    return recorded(recording, (listening) => this.#check(context, listening, sample))
  }

  async #check(context: FlowContext, options: CheckOptions, sample: Sample | undefined): Promise<CheckReport> {
    const { settleMs, tolerance, key } = this.#options
    const opened = await this.#openPatiently(context)
    const { left, right, notes } = opened
    const mender = options.repair && this.#mender(opened, context, options.repair)
    const own = {
      ...(mender === undefined ? {} : { mender }),
      ...(settleMs === undefined ? {} : { settleMs }),
      ...(tolerance === undefined ? {} : { tolerance }),
      ...(sample === undefined ? {} : { sample }),
      keyless: key === 'none',
    }
    return checkTables(left, right, context, {
      ...own,
      notes,
      databases: this.databases,
      where: this.#options.where,
      reopen: () => this.#openPatiently(context),
      ...options,
      ...(sample === undefined ? {} : { sample }),
    })
  }

  #mender({ left, right, repairs }: Opened, { name, drain, abort }: FlowContext, repair: RepairOptions): Mender {
    const { side } = repair
    if (side === undefined) throw noSide(name)
    const ends = this.#options.key === 'none' ? undefined : repairs(side)
    const [target, compared] = side === 'left' ? [left, aligned(right, left.schema)] : [right, left]
    if (ends === undefined) throw notRepairable(target.label)
    const same = rowEquality(left.schema, this.#options.tolerance)
    const subject = `makes the ${side} side like ${compared.label}`
    const signal = AbortSignal.any([drain, abort])
    return new Mender(tableRepairs(ends, compared, same), { flow: name, subject, repair, signal })
  }

  describe(): unknown {
    return describeOptions(this.#options)
  }

  async diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const { left, right } = this.#options
    const found = (await Promise.all([left.diagnose('read', signal), right.diagnose('read', signal)])).flat()
    if (found.some((diagnosis) => diagnosis.level === 'error')) return found
    return [...found, await this.#diagnosePair(signal)]
  }

  async grants(role: string, signal: AbortSignal): Promise<readonly GrantList[]> {
    const { left, right } = this.#options
    return Promise.all([left.grants('read', role, signal), right.grants('read', role, signal)])
  }

  async #diagnosePair(signal: AbortSignal): Promise<Diagnosis> {
    const { left, right } = this.#options
    const subject = `${left.name} and ${right.name}`
    try {
      await this.#open('check', signal)
      return { level: 'ok', subject, message: 'can be compared' }
    } catch (error) {
      if (error instanceof ConfigError) return { level: 'error', subject, message: error.problem, fix: error.fix }
      if (error instanceof LockstepError) return { level: 'error', subject, message: error.message }
      throw error
    }
  }

  get #reading(): { readonly left: ReadOptions; readonly right: ReadOptions } {
    const { where, key } = this.#options
    const of = (condition: string | undefined): ReadOptions => ({
      ...(condition === undefined ? {} : { where: condition }),
      keyless: key === 'none',
    })
    if (typeof where === 'string') return { left: of(where), right: of(where) }
    return { left: of(where?.left), right: of(where?.right) }
  }

  async #openPatiently(context: FlowContext): Promise<Opened> {
    const signal = AbortSignal.any([context.drain, context.abort])
    const patience = new Patience(context, signal)
    for (;;) {
      try {
        const opened = await this.#open(context.name, signal)
        patience.renew()
        return opened
      } catch (error) {
        if (!(error instanceof UnavailableError) || !(await patience.wait(error))) throw error
      }
    }
  }

  async #open(flow: string, signal: AbortSignal): Promise<Opened> {
    const { left, right, tolerance = {} } = this.#options
    const opened = await this.#openPair(flow, signal)
    checkTolerance(`flows.${flow}.tolerance`, tolerance, opened.left)
    const [one, other] = await Promise.all([left.database.identify(signal), right.database.identify(signal)])
    const where = this.#reading
    if (one.id === other.id && opened.names.left === opened.names.right && where.left.where === where.right.where)
      throw sameTable(flow, opened.left, opened.right)
    return opened
  }

  /** Two tables of one engine in its own form where it has one, which is the fastest; else in the form that all have. */
  async #openPair(flow: string, signal: AbortSignal): Promise<Opened & { readonly names: Names }> {
    const { left: one, right: other, columns } = this.#options
    const key = `flows.${flow}`
    const reading = this.#reading
    const keyless = reading.left.keyless === true
    if (
      !keyless &&
      columns === undefined &&
      one.database.engine === other.database.engine &&
      hasOpen(one) &&
      hasOpen(other)
    ) {
      const [left, right] = await Promise.all([one.open(signal, reading.left), other.open(signal, reading.right)])
      const names = { left: left.schema.name, right: right.schema.name }
      assertComparable(left, right, key)
      const repairs = (side: Side): RepairEnds | undefined => {
        const { columns, key: names } = left.schema
        const target = (side === 'left' ? left : right).repair?.(
          columns.map(({ name }) => name),
          names,
        )
        return target && { target, source: side === 'left' ? aligned(right, left.schema) : left }
      }
      return { left, right, notes: [], names, repairs }
    }
    const [left, right] = await Promise.all([
      canonical(one, key).openCanonical(signal, reading.left),
      canonical(other, key).openCanonical(signal, reading.right),
    ])
    const names = { left: left.schema.name, right: right.schema.name }
    return { ...agree(left, right, { key, keyless, ...(columns === undefined ? {} : { columns }) }), names }
  }
}

interface Opened {
  readonly left: Table
  readonly right: Table
  /** What counts for nothing in the comparison. */
  readonly notes: readonly string[]
  /** `undefined`: that side cannot be repaired. */
  repairs(side: Side): RepairEnds | undefined
}

function noSide(flow: string): ConfigError {
  return new ConfigError({
    code: 'repair-side',
    key: `flows.${flow}`,
    message: 'two tables were compared, and it is not said which is to be made like the other',
    fix: 'say --side left or --side right: that side is changed',
  })
}

interface Names {
  readonly left: string
  readonly right: string
}

function sampleOf(key: string, given: number | Sample | undefined): Sample | undefined {
  if (given === undefined) return undefined
  const sample = typeof given === 'number' ? { share: given } : given
  const { share, seed = 0 } = sample
  if (share > 0 && share < 1 && Number.isSafeInteger(seed) && seed >= 0) return sample
  throw new ConfigError({
    code: 'option-invalid',
    key,
    message: 'a sample is a share of more than 0 and less than 1, and its seed a whole number from 0 on',
    fix: 'write 0.01 for one row in a hundred, or leave it out to compare all of them',
  })
}

function checkTolerance(key: string, tolerance: Readonly<Record<string, number>>, { schema }: Table): void {
  const names = schema.columns.map(({ name }) => name)
  for (const [name, limit] of Object.entries(tolerance)) {
    const isColumn = names.includes(name) && !schema.key.includes(name)
    if (isColumn && Number.isFinite(limit) && limit >= 0) continue
    throw new ConfigError({
      code: 'option-invalid',
      key: `${key}.${name}`,
      message: isColumn ? 'is not a number from 0 on' : 'the left table has no such column outside its key',
      fix: 'write { column: 0.01 } with a compared column of the left table',
    })
  }
}

function sameTable(flow: string, left: Table, right: Table): ConfigError {
  const aliases = left.label === right.label ? left.label : `${left.label} and ${right.label}`
  return new ConfigError({
    code: 'same-table',
    key: `flows.${flow}`,
    message: `left and right are one and the same table (${aliases}), which always equals itself`,
    fix: 'name two different tables, or two databases; two addresses can lead to one server',
  })
}
