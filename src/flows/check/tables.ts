import type { RepairEnds } from '../../compare/agree.js'
import { aligned } from '../../compare/comparable.js'
import { rowEquality } from '../../compare/tolerance.js'
import type { CheckAlert } from '../../core/alert.js'
import type { ReadOptions, TableRef } from '../../core/database.js'
import { describeOptions } from '../../core/describe-options.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import type { DistributeOptions, RangedWork } from '../../core/distribute.js'
import { ConfigError, LockstepError, UnavailableError } from '../../core/errors.js'
import type { CheckOptions, CheckReport, Flow, FlowContext, GrantOptions, Sample } from '../../core/flow.js'
import { notRepairable, type RepairOptions, type Side } from '../../core/repair.js'
import type { Schedule, ScheduleOptions } from '../../core/schedule.js'
import type { StoredRepairReport, StoredRepairRequest } from '../../core/stored-repair.js'
import { parseAlert } from '../alert.js'
import { parseDistribute } from '../distributed/parse-distribute.js'
import { parseSchedule } from '../schedule.js'
import { type CheckTablesOptions, checkTables } from './check-tables.js'
import { compareRange } from './distributed/compare-range.js'
import { DistributedTablesComparison, tablesFingerprint } from './distributed/distribute-tables.js'
import { type HistoryOptions, type HistorySettings, parseHistory } from './history/options.js'
import { recorded } from './history/recorded.js'
import { tablesSubject } from './history/subject.js'
import { Patience } from './patience.js'
import { assertSameKey, assertSameSubject, EARLIER_CHUNK, mendRows, originOf, scriptOf } from './repair/earlier-run.js'
import { Mender, type MenderOptions } from './repair/mender.js'
import { tableRepairs } from './repair/table-repairs.js'
import { type FoundPair, type OpenedPair, openPair, type TablePair } from './table-pair.js'
import { TableSide } from './table-side.js'
import { checkPace, sampleOf } from './tables-options.js'

export interface TablesCheck {
  /**
   * Tables of PostgreSQL, MySQL, MariaDB or SQLite, of one engine or of two. A list is one table whose rows are spread over
   * several, such as the shards of it: columns and keys are alike, and no key is in two of them.
   */
  readonly left: TableRef | readonly TableRef[]
  readonly right: TableRef | readonly TableRef[]
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
  /**
   * How long one statement should take where a table is read by ranges, in ms: `{ targetMs: 100 }` for a server whose
   * other work must not wait. A server that gets slower is left alone between statements. Default 500.
   */
  readonly pace?: { readonly targetMs?: number }
  /** When people are told, and where: `{ when: 'any', to: webhook(...) }`. Default: as `alerts` of the config. */
  readonly alert?: CheckAlert
  /** When `lockstep run` checks: `'0 3 * * *'` (UTC), or `{ cron, timeZone }`. Default: once, at the start. */
  readonly schedule?: ScheduleOptions
  /** Workers (`lockstep worker`) compare it range by range, wherever they run: `{ postgres: env('QUEUE_URL') }`. Default: this process alone. */
  readonly distribute?: DistributeOptions
  /** What is kept of its runs in the config's `state` database. Default: 100 runs and 1,000 findings of each, without rows. */
  readonly history?: HistoryOptions | false
}

/** Compares two tables, row by row where it must, and reports; both sides are only read. */
export function tables(options: TablesCheck): Flow {
  return new TablesFlow(options)
}

type Mending = Pick<FlowContext, 'name' | 'drain' | 'abort'>

class TablesFlow implements Flow {
  readonly kind = 'check'
  readonly databases: Flow['databases']
  readonly schedule: Schedule | undefined
  readonly alert: Flow['alert']
  readonly distribute: Flow['distribute']
  readonly ranged: Flow['ranged']
  readonly #options: TablesCheck
  readonly #left: TableSide
  readonly #right: TableSide
  readonly #history: HistorySettings | undefined

  constructor(options: TablesCheck) {
    this.#options = options
    this.alert = parseAlert(options.alert, 'check', 'check.tables')
    this.schedule = parseSchedule(options.schedule, 'check.tables')
    this.#history = parseHistory(options.history, 'check.tables')
    checkPace(options.pace)
    this.#left = new TableSide('left', options.left)
    this.#right = new TableSide('right', options.right)
    this.databases = [...new Set([...this.#left.databases, ...this.#right.databases])]
    this.distribute = parseDistribute(options.distribute, 'check.tables')
    this.ranged = this.distribute && this.#ranged()
  }

  /** Checks once; the verdict is an event. */
  async run(context: FlowContext): Promise<void> {
    await this.check(context, {})
  }

  async check(context: FlowContext, options: CheckOptions): Promise<CheckReport> {
    const sample = sampleOf(`flows.${context.name}.sample`, options.sample ?? this.#options.sample)
    const where = { left: this.#reading.left.where, right: this.#reading.right.where }
    const subject = tablesSubject({ left: this.#left, right: this.#right, where, sample })
    const recording = { context, options, subject, settings: this.#history }
    return recorded(recording, (listening) => this.#check(context, listening, sample))
  }

  async #check(context: FlowContext, options: CheckOptions, sample: Sample | undefined): Promise<CheckReport> {
    const { settleMs, tolerance, key, pace } = this.#options
    const opened = await this.#openPatiently(context)
    const { left, right, notes } = opened
    const mender = options.repair && this.#mender(opened, context, options.repair)
    const own = {
      compare: this.#comparison(opened, context),
      ...(mender === undefined ? {} : { mender }),
      ...(settleMs === undefined ? {} : { settleMs }),
      ...(tolerance === undefined ? {} : { tolerance }),
      ...(sample === undefined ? {} : { sample }),
      ...(pace?.targetMs === undefined ? {} : { targetMs: pace.targetMs }),
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

  /** `undefined`: this process compares. */
  #comparison(opened: FoundPair, context: FlowContext): CheckTablesOptions['compare'] {
    const { distribute, ranged } = this
    const { queue } = context
    if (distribute === undefined || ranged === undefined || queue === undefined) return undefined
    const tables = { pair: this.#pair, opened, context, distribute, fingerprint: ranged.fingerprint }
    return (options) => new DistributedTablesComparison(tables, queue, options)
  }

  #ranged(): RangedWork {
    const { tolerance, key, pace, settleMs } = this.#options
    const options = {
      keyless: key === 'none',
      ...(tolerance === undefined ? {} : { tolerance }),
      ...(settleMs === undefined ? {} : { settleMs }),
      ...(pace?.targetMs === undefined ? {} : { targetMs: pace.targetMs }),
    }
    const compared = { pair: this.#pair, databases: this.databases, options }
    return {
      fingerprint: tablesFingerprint(this.#pair, key === 'none'),
      work: (job, context) => compareRange(compared, job, context),
    }
  }

  #repairEnds({ left, right, repairs }: OpenedPair, side: Side): RepairEnds {
    const ends = this.#options.key === 'none' ? undefined : repairs(side)
    if (ends === undefined) throw notRepairable((side === 'left' ? left : right).label)
    return ends
  }

  async repairSql(request: StoredRepairRequest, context: Mending): Promise<StoredRepairReport> {
    const key = `flows.${context.name}`
    const where = { left: this.#reading.left.where, right: this.#reading.right.where }
    const subject = tablesSubject({ left: this.#left, right: this.#right, where, sample: undefined })
    assertSameSubject(subject, request, key)
    const opened = await this.#open(context.name, AbortSignal.any([context.drain, context.abort]))
    assertSameKey(opened.left.schema.key, request, key)
    const more = { origin: originOf(context.name, request), chunk: EARLIER_CHUNK }
    return mendRows(this.#mender(opened, context, scriptOf(request), more), request)
  }

  #mender(opened: OpenedPair, context: Mending, repair: RepairOptions, more: Partial<MenderOptions> = {}): Mender {
    const { name, drain, abort } = context
    const { side } = repair
    if (side === undefined) throw noSide(`flows.${name}`)
    const ends = this.#repairEnds(opened, side)
    const { left, right } = opened
    const compared = side === 'left' ? aligned(right, left.schema) : left
    const same = rowEquality(left.schema, this.#options.tolerance)
    const subject = `makes the ${side} side like ${compared.label}`
    const signal = AbortSignal.any([drain, abort])
    return new Mender(tableRepairs(ends, compared, same), { flow: name, subject, repair, signal, ...more })
  }

  describe(): unknown {
    return describeOptions(this.#options)
  }

  async diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const found = (await Promise.all([this.#left.diagnose(signal), this.#right.diagnose(signal)])).flat()
    if (found.some((diagnosis) => diagnosis.level === 'error')) return found
    const pair = await this.#diagnosePair(signal)
    if (pair.level === 'error') return [...found, pair]
    const { left, right } = this.#reading
    const reads = await Promise.all([this.#left.diagnoseReads(signal, left), this.#right.diagnoseReads(signal, right)])
    return [...found, ...reads.flat(), pair]
  }

  async grants(role: string, signal: AbortSignal, { repair }: GrantOptions = {}): Promise<readonly GrantList[]> {
    const reading = (await Promise.all([this.#left.grants(role, signal), this.#right.grants(role, signal)])).flat()
    if (repair === undefined) return reading
    const { side } = repair
    if (side === undefined) throw noSide('--repair')
    const opened = await this.#open('check', signal)
    const { target } = this.#repairEnds(opened, side)
    return [
      ...reading,
      target.grants(role, new Set(['insert', 'update', ...(repair.delete ? (['delete'] as const) : [])])),
    ]
  }

  async #diagnosePair(signal: AbortSignal): Promise<Diagnosis> {
    const subject = `${this.#left.name} and ${this.#right.name}`
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

  async #openPatiently(context: FlowContext): Promise<FoundPair> {
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

  get #pair(): TablePair {
    const { columns, tolerance } = this.#options
    return { left: this.#left, right: this.#right, reading: this.#reading, columns, tolerance }
  }

  #open(flow: string, signal: AbortSignal): Promise<FoundPair> {
    return openPair(this.#pair, flow, signal)
  }
}

function noSide(key: string): ConfigError {
  return new ConfigError({
    code: 'repair-side',
    key,
    message: 'two tables are compared, and it is not said which is to be made like the other',
    fix: 'say --side left or --side right: that side is changed',
  })
}
