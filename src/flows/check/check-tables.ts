import { type CompareOptions, type Comparison, compare, LANE } from '../../compare/compare.js'
import type { Checkpoints } from '../../core/batch.js'
import type { Database } from '../../core/database.js'
import type { Difference } from '../../core/difference.js'
import { UnavailableError } from '../../core/errors.js'
import type { CheckOptions, FlowContext, TablesReport } from '../../core/flow.js'
import type { Side } from '../../core/repair.js'
import type { Row, Table } from '../../core/table.js'
import { Watch, type WatchOptions } from '../../engine/watch.js'
import { asSchemaChange, isUnaltered } from './altered.js'
import { DifferenceCount } from './difference-count.js'
import { Patience } from './patience.js'
import { type Mender, UNSTABLE } from './repair/mender.js'
import { KeptCheck } from './resume/kept-check.js'
import { resumedOf, shapeOf, TablesDone } from './resume/tables-done.js'

export interface CheckTablesOptions
  extends CheckOptions,
    Pick<CompareOptions, 'looks' | 'tolerance' | 'keyless' | 'groupRows' | 'targetMs'> {
  /** How long to keep trying while a database cannot be reached, in ms. Default 60,000. */
  readonly patienceMs?: number
  /** Of both tables: asked now and then whether they still answer. Default none. */
  readonly databases?: readonly Database[]
  readonly watch?: WatchOptions
  /** For the report: what counts for nothing. */
  readonly notes?: readonly string[]
  /** The filters, which are part of what is compared. */
  readonly where?: unknown
  /** Looks at both tables once more, when all is read: they may have been altered meanwhile. Throws `UnavailableError` when it cannot. */
  readonly reopen?: () => Promise<{ readonly left: Table; readonly right: Table }>
  /** Is given what differs, where it is to be repaired. */
  readonly mender?: Mender
  /** Compares in place of this process: workers do. */
  readonly compare?: ((options: CompareOptions) => Comparison) | undefined
}

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
  const { keyless, sample } = options
  const shape = shapeOf(left, right, { ...options, distributed: options.compare !== undefined })
  const kept = await KeptCheck.open(context, { shape, done: TablesDone, check: options })
  const settings = settingsOf(context, options, kept.digestMs)
  await using comparison = options.compare?.(settings) ?? compare(left, right, settings)
  const key = keyless === true ? [] : left.schema.key
  options.begun?.({ left: { ...left.schema, key }, right: { ...right.schema, key, columns: left.schema.columns } })
  const count = new DifferenceCount(options)
  const read = await readPatiently({ comparison, count, kept }, context, options)
  const complete = read && (await isUnaltered([left, right], context, options.reopen))
  const { rows, fetchedRows, wholeMs } = comparison.statistics
  await (complete ? kept.end(wholeMs) : kept.flush())
  const report: TablesReport = {
    kind: 'tables',
    verdict: complete ? count.verdict : 'unverified',
    left: left.label,
    right: right.label,
    columns: left.schema.columns.map((column) => column.name),
    keyColumns: key,
    rows,
    ...count.found(keyless === true),
    ...(sample === undefined ? {} : { sample: { seed: 0, ...sample } }),
    fetchedRows,
    durationMs: performance.now() - startedAt,
    ...(comparison.distributed === undefined ? {} : { distributed: comparison.distributed }),
    ...(kept.resumed === undefined ? {} : { resumed: resumedOf(kept.resumed) }),
    ...(complete || !kept.kept ? {} : { resumable: true }),
    ...(options.notes === undefined || options.notes.length === 0 ? {} : { notes: options.notes }),
  }
  tell(context, report)
  return complete ? repaired(report, options) : report
}

function settingsOf(
  { name, state }: FlowContext,
  { settleMs, looks, tolerance, keyless, sample, progress, groupRows, targetMs }: CheckTablesOptions,
  expectedDigestMs: number | undefined,
): CompareOptions {
  return {
    key: `flows.${name}`,
    ...(settleMs === undefined ? {} : { settleMs }),
    ...(looks === undefined ? {} : { looks }),
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(keyless === undefined ? {} : { keyless }),
    ...(sample === undefined ? {} : { sample }),
    ...(progress === undefined ? {} : { progress }),
    ...(groupRows === undefined ? {} : { groupRows }),
    ...(targetMs === undefined ? {} : { targetMs }),
    ...(expectedDigestMs === undefined ? {} : { expectedDigestMs }),
    resumable: state !== undefined,
  }
}

/** The difference goes to the mender, with the row of the side that is repaired. */
async function mend(difference: Difference, { mender, repair }: CheckTablesOptions): Promise<void> {
  if (mender === undefined) return
  if (difference.kind === 'unstable' || difference.kind === 'copies') mender.leave(UNSTABLE)
  else await mender.add(difference.key, sideOf(difference, repair?.side ?? 'right'))
}

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

interface Reading {
  readonly comparison: Comparison
  readonly count: DifferenceCount
  readonly kept: KeptCheck<TablesDone>
}

/** `false`: it was not read to its end. */
async function readPatiently(
  { comparison, count, kept }: Reading,
  context: FlowContext,
  options: CheckTablesOptions,
): Promise<boolean> {
  const signal = AbortSignal.any([context.drain, context.abort])
  const patience = new Patience(context, signal, options.patienceMs)
  let done = kept.resumed?.done
  for (;;) {
    count.begin(done?.found)
    await using watch = new Watch(options.databases ?? [], options.watch)
    try {
      const within = AbortSignal.any([signal, watch.lost])
      for await (const batch of comparison.read(positionsOf(done), within)) {
        for (const difference of batch.items) {
          if (count.add(difference)) await mend(difference, options)
        }
        if (batch.position !== undefined) {
          done = { position: batch.position, found: count.all }
          kept.save(done)
        }
      }
      if (signal.aborted) return false
      watch.lost.throwIfAborted()
      patience.renew()
      return true
    } catch (error) {
      if (signal.aborted) return false
      if (!(error instanceof UnavailableError)) throw asSchemaChange(error, context.name)
      // A pass that was completed means that both sides had answered.
      if (comparison.statistics.passes > 0 && !watch.lost.aborted) patience.renew()
      if (!(await patience.wait(error))) return false
    }
  }
}

function positionsOf(done: TablesDone | undefined): Checkpoints {
  return new Map(done === undefined ? [] : [[LANE, done.position]])
}

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
