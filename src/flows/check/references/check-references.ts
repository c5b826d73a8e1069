import { UnavailableError } from '../../../core/errors.js'
import type { FlowContext, ReferencesReport } from '../../../core/flow.js'
import type { Resumed } from '../../../core/resumed.js'
import { ALTERED, asSchemaChange, schemaChanged } from '../altered.js'
import type { StoredMender } from '../repair/stored-mender.js'
import { countHere } from './count-here.js'
import type { BeginCounting, Counting, CountingOptions } from './counting.js'
import { Findings, type FoundNumbers } from './findings.js'
import { type Opened, typesOf } from './opened.js'

export interface CheckReferencesOptions extends CountingOptions {
  readonly of: ReferencesReport['of']
  /** Everything in the config that decides what is counted, as JSON. */
  readonly shape: unknown
  /** Looks at all columns once more, when all is read: a table may have been altered. Throws `UnavailableError` when it cannot. */
  readonly reopen: () => Promise<Opened>
  /** Is given the stored numbers that are wrong, where they are to be repaired. */
  readonly mender?: StoredMender
  /** Counts in place of this process: workers do. */
  readonly count?: BeginCounting | undefined
}

/**
 * Recounts all references and tells the verdict, as a report and as a `verdict` event. After a lost connection it goes on
 * from where it was, in new snapshots; when that goes on for `patienceMs`, or the run is asked to end, the verdict is
 * `unverified`.
 */
export async function checkReferences(
  opened: Opened,
  context: FlowContext,
  options: CheckReferencesOptions,
): Promise<ReferencesReport> {
  const startedAt = performance.now()
  const findings = new Findings(options)
  const distributed = options.count === undefined ? {} : { distributed: true }
  const shape = { places: typesOf(opened), config: options.shape, ...distributed }
  const begin = options.count ?? countHere
  await using counting = await begin({ opened, context, options, shape, findings })
  const read = (await counting.run()) && !context.drain.aborted && !context.abort.aborted
  const complete = read && (await isUnaltered(opened, context, options))
  await (complete ? counting.kept.end(undefined) : counting.kept.flush())
  const report = reportOf({ opened, counting, of: options.of, found: findings.all, complete, startedAt })
  tell(context, report)
  const { mender } = options
  return report.verdict === 'unverified' || mender === undefined ? report : mender.finish(report)
}

async function isUnaltered(
  opened: Opened,
  { name }: FlowContext,
  { reopen }: Pick<CheckReferencesOptions, 'reopen'>,
): Promise<boolean> {
  try {
    const [before, after] = [typesOf(opened), typesOf(await reopen())]
    const changed = before.filter((types, index) => types !== after[index])
    if (changed.length > 0) throw schemaChanged(name, `it was ${changed.join('; ')}`)
    return true
  } catch (error) {
    if (error instanceof UnavailableError) return false
    throw asSchemaChange(error, name, ALTERED)
  }
}

interface Ended {
  readonly opened: Opened
  readonly counting: Counting
  readonly of: ReferencesReport['of']
  readonly found: FoundNumbers
  readonly complete: boolean
  readonly startedAt: number
}

function reportOf({ opened, counting, of, found, complete, startedAt }: Ended): ReferencesReport {
  const { mismatch, unreferenced, orphan, unstable } = found
  const wrong = mismatch + unreferenced + orphan > 0
  const { figures, kept, distributed } = counting
  const [rows = 0, ...keys] = figures.groups
  const { master, references, rule } = opened
  return {
    kind: 'references',
    verdict: !complete ? 'unverified' : wrong ? 'different' : unstable > 0 ? 'unverified' : 'same',
    of,
    master: { label: master.info.label, key: master.info.rowKey.join(', '), rows },
    references: references.map(({ info: { label, name } }, index) => ({ label, name, keys: keys[index] ?? 0 })),
    total: rule.adds ? figures.total : undefined,
    ...found,
    ...(distributed === undefined ? {} : { distributed }),
    ...(kept.resumed === undefined ? {} : { resumed: resumedOf(kept.resumed) }),
    ...(complete || !kept.kept ? {} : { resumable: true }),
    snapshotMs: figures.snapshotMs,
    durationMs: performance.now() - startedAt,
  }
}

function resumedOf({ done: { found }, at }: NonNullable<Counting['kept']['resumed']>): Resumed {
  return { savedAt: at, findings: Object.values(found).reduce((sum, one) => sum + one, 0) }
}

function tell(context: FlowContext, report: ReferencesReport): void {
  const { mismatch, unreferenced, orphan, unstable, master, snapshotMs, durationMs } = report
  const figures = {
    mismatch,
    unreferenced,
    orphan,
    unstable,
    rows: master.rows,
    snapshotMs: Math.round(snapshotMs),
    durationMs: Math.round(durationMs),
  }
  const detail =
    report.verdict === 'same'
      ? `${master.rows} stored numbers are right`
      : `${mismatch} wrong, ${unreferenced} that nothing refers to, ${orphan} missing, ${unstable} unstable`
  context.observer({ flow: context.name, type: 'verdict', verdict: report.verdict, detail, figures })
}
