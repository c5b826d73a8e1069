import type { LeftAlone, RepairPlan, RepairReport } from '../../core/repair.js'
import { count, plural } from './format.js'

/** What a repair would change, before it is confirmed. */
export function renderPlan({ table, inserts, updates, deletes, examples, left }: RepairPlan): string {
  const kinds = [
    `insert ${plural(inserts, 'row')}`,
    `update ${plural(updates, 'row')}`,
    `delete ${plural(deletes, 'row')}`,
  ]
  const more = inserts + updates + deletes - examples.length
  return [
    `Would ${kinds.join(', ')} in ${table}:`,
    ...examples.map((statement) => `  ${short(statement)}`),
    ...(more > 0 ? [`  ... and ${count(more)} more (--repair sql writes all of them)`] : []),
    ...reasons('left alone', left),
  ].join('\n')
}

/** What came of a repair. */
export function renderRepair({ mode, table, planned, repaired, applied, ...rest }: RepairReport): string {
  const { changedMeanwhile, failed, left } = rest
  const head =
    mode === 'sql'
      ? `  ${plural(planned, 'statement')} for ${table}; run none of them unread`
      : applied
        ? `  ${count(repaired)} of ${plural(planned, 'row')} repaired in ${table}`
        : `  nothing was changed in ${table}`
  return [
    head,
    ...(changedMeanwhile > 0 ? [`  ${count(changedMeanwhile)} changed meanwhile: left alone`] : []),
    ...reasons('failed', failed),
    ...reasons('left alone', left),
  ].join('\n')
}

function reasons(what: string, left: readonly LeftAlone[]): readonly string[] {
  return left.map(({ reason, count: times }) => `  ${count(times)} ${what}: ${reason}`)
}

const LONGEST = 200

function short(statement: string): string {
  const line = statement.replaceAll(/\s+/g, ' ')
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line
}
