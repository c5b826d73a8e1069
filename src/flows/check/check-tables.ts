import { type CompareOptions, type Comparison, compare } from '../../compare/compare.js'
import type { Database } from '../../core/database.js'
import type { Difference } from '../../core/difference.js'
import { ConfigError, UnavailableError } from '../../core/errors.js'
import type { CheckOptions, FlowContext, TablesReport } from '../../core/flow.js'
import type { Side } from '../../core/repair.js'
import type { Row, Table } from '../../core/table.js'
import { Patience } from './patience.js'
import type { Mender } from './repair/mender.js'
import { Watch, type WatchOptions } from './watch.js'

export interface CheckTablesOptions extends CheckOptions, Pick<CompareOptions, 'looks' | 'tolerance' | 'keyless'> {
  /** How long to keep trying while a database cannot be reached, in ms. Default 60,000. */
  readonly patienceMs?: number
  /** Of both tables: asked now and then whether they still answer. Default none. */
  readonly databases?: readonly Database[]
  readonly watch?: WatchOptions
  /** For the report: what counts for nothing. */
  readonly notes?: readonly string[]
  /** Is given what differs, where it is to be repaired. */
  readonly mender?: Mender
}

/** Differences already told to the caller are remembered up to this number, so that beginning again repeats none. */
const REMEMBERED = 100_000

/**
 * Compares two tables and tells the verdict, as a report and as a `verdict` event. A connection that is lost in the middle
 * makes it begin again; when that goes on for `patienceMs`, or the run is asked to end, the verdict is `unverified`.
 */
export async function checkTables(
  left: Table,
  right: Table,
  context: FlowContext,
  options: CheckTablesOptions = {},
): Promise<TablesReport> {
  const startedAt = performance.now()
  const { settleMs, looks, tolerance, keyless, sample, progress } = options
  const comparison = compare(left, right, {
    key: `flows.${context.name}`,
    ...(settleMs === undefined ? {} : { settleMs }),
    ...(looks === undefined ? {} : { looks }),
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(keyless === undefined ? {} : { keyless }),
    ...(sample === undefined ? {} : { sample }),
    ...(progress === undefined ? {} : { progress }),
  })
  options.begun?.({ left: left.schema, right: { ...right.schema, columns: left.schema.columns } })
  const count = new Count(options)
  const complete = await readPatiently(comparison, count, context, options)
  const { rows, fetchedRows } = comparison.statistics
  const report: TablesReport = {
    kind: 'tables',
    verdict: complete ? count.verdict : 'unverified',
    left: left.label,
    right: right.label,
    columns: left.schema.columns.map((column) => column.name),
    keyColumns: keyless === true ? [] : left.schema.key,
    rows,
    ...count.found(keyless === true),
    ...(sample === undefined ? {} : { sample: { seed: 0, ...sample } }),
    fetchedRows,
    durationMs: performance.now() - startedAt,
    ...(options.notes === undefined || options.notes.length === 0 ? {} : { notes: options.notes }),
  }
  tell(context, report)
  return complete ? repaired(report, options) : report
}

/** The difference goes to the mender, with the row of the side that is repaired. */
async function mend(difference: Difference, { mender, repair }: CheckTablesOptions): Promise<void> {
  if (mender === undefined) return
  if (difference.kind === 'unstable' || difference.kind === 'copies') mender.leave(UNSTABLE)
  else await mender.add(difference.key, sideOf(difference, repair?.side ?? 'right'))
}

const UNSTABLE = 'the row is being written all the time'

function sideOf(difference: Difference, side: Side): Row | undefined {
  if (side === 'left') return 'left' in difference ? difference.left : undefined
  return 'right' in difference ? difference.right : undefined
}

/** When all that differed is repaired, the sides are the same. */
async function repaired(report: TablesReport, { mender }: CheckTablesOptions): Promise<TablesReport> {
  const repair = await mender?.finish()
  if (repair === undefined) return report
  const { missingLeft, missingRight, changed, unstable, verdict } = report
  const whole = verdict === 'different' && unstable === 0 && repair.repaired === missingLeft + missingRight + changed
  return { ...report, repair, verdict: whole ? 'same' : verdict }
}

/** `false`: it was not read to its end. */
async function readPatiently(
  comparison: Comparison,
  count: Count,
  context: FlowContext,
  options: CheckTablesOptions,
): Promise<boolean> {
  const signal = AbortSignal.any([context.drain, context.abort])
  const patience = new Patience(context, signal, options.patienceMs)
  for (;;) {
    count.begin()
    await using watch = new Watch(options.databases ?? [], options.watch)
    try {
      const within = AbortSignal.any([signal, watch.lost])
      for await (const batch of comparison.read(new Map(), within)) {
        for (const difference of batch.items) {
          if (count.add(difference)) await mend(difference, options)
        }
        await comparison.acknowledge(batch)
      }
      if (signal.aborted) return false
      watch.lost.throwIfAborted()
      patience.renew()
      return true
    } catch (error) {
      if (signal.aborted) return false
      if (!(error instanceof UnavailableError)) throw asChange(error, context)
      // A pass that was completed means that both sides had answered.
      if (comparison.statistics.passes > 0 && !watch.lost.aborted) patience.renew()
      if (!(await patience.wait(error))) return false
    }
  }
}

/** What was there when the tables were opened and is no more: somebody has altered one of them. */
function asChange(error: unknown, { name }: FlowContext): unknown {
  if (!(error instanceof ConfigError) || !GONE.has(error.code)) return error
  return new ConfigError({
    code: 'schema-changed',
    key: `flows.${name}`,
    message: `a table was altered while it was compared, so there is no verdict: ${error.message}`,
    fix: 'run the check again once the migration is done on both sides',
    cause: error,
  })
}

const GONE: ReadonlySet<string> = new Set(['column-missing', 'table-missing'])

class Count {
  #byKind = { ...NOTHING }
  readonly #tell: CheckOptions['difference']
  readonly #told = new Set<string>()

  constructor(options: CheckOptions) {
    this.#tell = options.difference?.bind(options)
  }

  begin(): void {
    this.#byKind = { ...NOTHING }
  }

  found(keyless: boolean): Pick<TablesReport, keyof typeof NOTHING> {
    const { copies, ...byKey } = this.#byKind
    return keyless ? { ...byKey, copies } : byKey
  }

  /** `false`: it was told before, as the comparison began again. */
  add(difference: Difference): boolean {
    this.#byKind[MEMBER[difference.kind]]++
    const key = JSON.stringify(difference.key)
    if (this.#told.has(key)) return false
    if (this.#told.size < REMEMBERED) this.#told.add(key)
    this.#tell?.(difference)
    return true
  }

  get verdict(): TablesReport['verdict'] {
    const { missingLeft, missingRight, changed, copies, unstable } = this.#byKind
    if (missingLeft + missingRight + changed + copies > 0) return 'different'
    return unstable > 0 ? 'unverified' : 'same'
  }
}

const MEMBER = {
  'missing-left': 'missingLeft',
  'missing-right': 'missingRight',
  changed: 'changed',
  copies: 'copies',
  unstable: 'unstable',
} as const

const NOTHING = { missingLeft: 0, missingRight: 0, changed: 0, copies: 0, unstable: 0 }

/** `1 %`, without what binary fractions add. */
function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`
}

function tell(context: FlowContext, report: TablesReport): void {
  const { missingLeft, missingRight, changed, copies, unstable, fetchedRows, sample } = report
  const figures = {
    missingLeft,
    missingRight,
    changed,
    ...(copies === undefined ? {} : { copies }),
    unstable,
    fetchedRows,
    ...(sample === undefined ? {} : { sampleShare: sample.share }),
    durationMs: Math.round(report.durationMs),
  }
  const different =
    copies === undefined
      ? `${missingLeft} missing left, ${missingRight} missing right, ${changed} changed, ${unstable} unstable`
      : `${copies} rows in other numbers of copies, ${unstable} unstable`
  const found = report.verdict === 'same' ? `${report.rows.left} rows on both sides` : different
  const detail = sample === undefined ? found : `${found}, in a sample of ${percent(sample.share)} of the rows`
  context.observer({ flow: context.name, type: 'verdict', verdict: report.verdict, detail, figures })
}
