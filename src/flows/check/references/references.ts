import { describeOptions } from '../../../core/describe-options.js'
import type { Diagnosis, GrantList } from '../../../core/diagnosis.js'
import { ConfigError, LockstepError, UnavailableError } from '../../../core/errors.js'
import type { CheckOptions, CheckReport, Flow, FlowContext, GrantOptions } from '../../../core/flow.js'
import type { GroupColumn } from '../../../core/groups.js'
import { SMALL_ROWS } from '../../../core/index-advice.js'
import type { RepairOptions } from '../../../core/repair.js'
import type { StoredRepairReport, StoredRepairRequest } from '../../../core/stored-repair.js'
import { recorded } from '../history/recorded.js'
import { referencesSubject } from '../history/subject.js'
import { Patience } from '../patience.js'
import { assertSameSubject, EARLIER_CHUNK, originOf, scriptOf } from '../repair/earlier-run.js'
import { Mender } from '../repair/mender.js'
import { StoredMender } from '../repair/stored-mender.js'
import { StoredRepairs } from '../repair/stored-repairs.js'
import { checkReferences } from './check-references.js'
import type { BeginCounting } from './counting.js'
import { countByWorkers, referencesFingerprint } from './distributed/count-by-workers.js'
import { recountRange } from './distributed/recount-range.js'
import { mendNumbers } from './mend-numbers.js'
import { openReferences } from './open.js'
import type { Opened } from './opened.js'
import { parseReferences, type ReferencesCheck, type ReferencesSettings } from './options.js'

/**
 * Compares a number that is stored in each row of a master table with what the rows that refer to it come to, in any
 * number of columns, tables, databases and engines; all are only read.
 *
 * @throws ConfigError when an option is wrong.
 */
export function references(options: ReferencesCheck): Flow {
  return new ReferencesFlow(parseReferences(options))
}

class ReferencesFlow implements Flow {
  readonly kind = 'check'
  readonly databases: Flow['databases']
  readonly schedule: Flow['schedule']
  readonly alert: Flow['alert']
  readonly distribute: Flow['distribute']
  readonly ranged: Flow['ranged']
  readonly #settings: ReferencesSettings

  constructor(settings: ReferencesSettings) {
    this.#settings = settings
    this.databases = settings.databases
    this.alert = settings.alert
    this.schedule = settings.schedule
    this.distribute = settings.distribute
    this.ranged = settings.distribute && {
      fingerprint: referencesFingerprint(settings),
      work: (job, context) => recountRange(settings, job, context),
    }
  }

  /** Checks once; the verdict is an event. */
  async run(context: FlowContext): Promise<void> {
    await this.check(context, {})
  }

  async check(context: FlowContext, options: CheckOptions): Promise<CheckReport> {
    if (options.sample !== undefined) throw noSample(context.name)
    const { of, requests, history: settings } = this.#settings
    const recording = { context, options, subject: referencesSubject(of, requests), settings }
    return recorded(recording, (listening) => this.#check(context, listening))
  }

  async #check(context: FlowContext, options: CheckOptions): Promise<CheckReport> {
    const opened = await this.#openPatiently(context)
    for (const { info } of [opened.master, ...opened.references]) {
      const message = slowness(info)
      if (message === undefined) continue
      context.observer({ flow: context.name, type: 'notice', level: 'warn', code: 'index-missing', message })
    }
    const { settleMs, maxSnapshotMs, of, none, requests } = this.#settings
    const asked = requests.map(({ table, key, of: what, where }) => ({ table: table.name, key, what, where }))
    const shape = { of, none: none.map(String), asked }
    const mender = options.repair && (await this.#mender(opened, context, options.repair))
    const more = mender === undefined ? {} : { mender }
    const reopen = (): Promise<Opened> => this.#openPatiently(context)
    return checkReferences(opened, context, {
      settleMs,
      databases: this.databases,
      ...options,
      maxSnapshotMs,
      of: of.kind,
      shape,
      reopen,
      count: this.#sharedOut(context),
      ...more,
    })
  }

  /** `undefined`: this process counts. */
  #sharedOut({ queue }: FlowContext): BeginCounting | undefined {
    const { distribute, ranged } = this
    if (distribute === undefined || ranged === undefined || queue === undefined) return undefined
    return countByWorkers({ settings: this.#settings, distribute, fingerprint: ranged.fingerprint, queue })
  }

  async #mender(opened: Opened, { name, drain, abort }: FlowContext, repair: RepairOptions): Promise<StoredMender> {
    const signal = AbortSignal.any([drain, abort])
    const stored = await this.#stored(opened, signal)
    return new StoredMender(stored, new Mender(stored.all(), { flow: name, subject: MENDS, repair, signal }))
  }

  async repairSql(
    request: StoredRepairRequest,
    { name, drain, abort }: Pick<FlowContext, 'name' | 'drain' | 'abort'>,
  ): Promise<StoredRepairReport> {
    const { of, requests } = this.#settings
    assertSameSubject(referencesSubject(of, requests), request, `flows.${name}`)
    const signal = AbortSignal.any([drain, abort])
    const opened = await openReferences(this.#settings, name, signal)
    const stored = await this.#stored(opened, signal)
    const about = { flow: name, origin: originOf(name, request), subject: MENDS, signal, chunk: EARLIER_CHUNK }
    const mender = new Mender(stored.all(), { ...about, repair: scriptOf(request) })
    return mendNumbers({ opened, stored, mender, signal }, request)
  }

  describe(): unknown {
    return describeOptions(this.#settings)
  }

  async diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    try {
      const opened = await openReferences(this.#settings, 'check', signal)
      const found = await Promise.all(opened.readers.map((reader) => reader.diagnose(signal)))
      return [opened.master, ...opened.references].flatMap(({ reader, column }) => found[reader]?.[column] ?? [])
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error
      const subject = this.databases.map(({ label }) => label).join(', ')
      if (error instanceof ConfigError) return [{ level: 'error', subject, message: error.problem, fix: error.fix }]
      return [{ level: 'error', subject, message: error.message }]
    }
  }

  async grants(role: string, signal: AbortSignal, { repair }: GrantOptions = {}): Promise<readonly GrantList[]> {
    const opened = await openReferences(this.#settings, 'check', signal)
    const reading = opened.readers.map((reader) => reader.grants(role))
    if (repair === undefined) return reading
    const { repairs } = await this.#stored(opened, signal)
    return [...reading, repairs.target.grants(role, new Set(['update']))]
  }

  #stored({ master: { info }, rule }: Opened, signal: AbortSignal): Promise<StoredRepairs> {
    const [master] = this.#settings.requests
    if (master === undefined) throw new RangeError('a check of references without a master')
    return StoredRepairs.open(master.table, { column: info, adds: rule.adds }, signal)
  }

  async #openPatiently(context: FlowContext): Promise<Opened> {
    const signal = AbortSignal.any([context.drain, context.abort])
    const patience = new Patience(context, signal)
    for (;;) {
      try {
        const opened = await openReferences(this.#settings, context.name, signal)
        patience.renew()
        return opened
      } catch (error) {
        if (!(error instanceof UnavailableError) || !(await patience.wait(error))) throw error
      }
    }
  }
}

const MENDS = 'sets the stored numbers to what was counted'

function slowness({ indexed, estimatedRows, name, advice }: GroupColumn): string | undefined {
  if (indexed || estimatedRows < SMALL_ROWS) return undefined
  const rows = Math.round(estimatedRows).toLocaleString('en-US')
  return `${name} has no index that brings its keys in order, so the server sorts about ${rows} rows in one statement${advice === undefined ? '' : `; faster with: ${advice}`}`
}

function noSample(flow: string): ConfigError {
  return new ConfigError({
    code: 'option-invalid',
    key: `flows.${flow}`,
    message: 'stored numbers cannot be recounted from a sample',
    fix: 'leave out --sample, which is for check.tables',
  })
}
