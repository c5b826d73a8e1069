import { unionLabel } from '../../compare/union.js'
import type { CheckOptions, FlowContext, TablesReport } from '../../core/flow.js'
import { checkTables } from '../check/check-tables.js'
import type { Side } from './open-sides.js'

/**
 * Compares the sides, changing nothing: of more than two each with the first, as all are the same when each is the same as
 * that one. The report is of one comparison: the first side left, all others right.
 */
export async function checkSides(
  [first, ...others]: readonly Side[],
  context: FlowContext,
  options: CheckOptions,
): Promise<TablesReport> {
  const [second, ...rest] = others
  if (first === undefined || second === undefined) throw new RangeError('a check of fewer than two sides')
  if (rest.length === 0) return checkTables(first.table, second.table, context, options)
  const startedAt = performance.now()
  const reports: TablesReport[] = []
  // The verdict of all is told below.
  const quiet = withoutVerdicts(context)
  for (const other of others) {
    const { begun, ...further } = options
    reports.push(await checkTables(first.table, other.table, quiet, reports.length === 0 ? options : further))
    if (context.drain.aborted || context.abort.aborted) break
  }
  const report = merged(reports, others, performance.now() - startedAt)
  tell(report, others.length + 1, context)
  return report
}

function withoutVerdicts(context: FlowContext): FlowContext {
  return {
    ...context,
    observer: (event) => {
      if (event.type !== 'verdict') context.observer(event)
    },
  }
}

function merged(reports: readonly TablesReport[], others: readonly Side[], durationMs: number): TablesReport {
  const [first] = reports
  if (first === undefined) throw new RangeError('no comparison was made')
  const sum = (of: (report: TablesReport) => number): number => reports.reduce((total, report) => total + of(report), 0)
  const worst =
    reports.find(({ verdict }) => verdict === 'different') ?? reports.find(({ verdict }) => verdict === 'unverified')
  const whole = reports.length === others.length
  const verdict = worst?.verdict ?? (whole ? 'same' : 'unverified')
  const { resumed: _, resumable: __, ...shown } = worst ?? first
  return {
    ...shown,
    verdict,
    right: unionLabel(others.map(({ table }) => table)),
    missingLeft: sum((report) => report.missingLeft),
    missingRight: sum((report) => report.missingRight),
    changed: sum((report) => report.changed),
    unstable: sum((report) => report.unstable),
    fetchedRows: sum((report) => report.fetchedRows),
    durationMs,
    notes: reports.map(noteOf),
  }
}

/** In words what was found of one of the other sides. */
function noteOf({ right, verdict, rows, missingLeft, missingRight, changed, unstable }: TablesReport): string {
  if (verdict === 'same') return `${right}: the same, ${rows.right} rows`
  const found = `${missingLeft} rows more, ${missingRight} fewer, ${changed} changed, ${unstable} unstable`
  return `${right}: ${verdict}, ${found}`
}

function tell(report: TablesReport, sides: number, { name: flow, observer }: FlowContext): void {
  const { verdict, missingLeft, missingRight, changed, unstable, fetchedRows, rows } = report
  const durationMs = Math.round(report.durationMs)
  const figures = { missingLeft, missingRight, changed, unstable, fetchedRows, durationMs }
  const different = `${missingLeft} missing left, ${missingRight} missing right, ${changed} changed, ${unstable} unstable`
  const detail = verdict === 'same' ? `${rows.left} rows on all ${sides} sides` : different
  observer({ flow, type: 'verdict', verdict, detail, figures })
}
