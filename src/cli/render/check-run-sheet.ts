import type { CheckedSource, CheckRun, StoredFinding } from '../../core/check-store.js'
import { renderCheck } from './check-report.js'
import { colourOf, foundText, KIND_WORDS, outcomeOf, tookMs } from './check-runs.js'
import { count, cut, plural, span, visible } from './format.js'
import type { Paint } from './paint.js'
import { renderReferences } from './references-report.js'

export interface RunSheetOptions {
  readonly width: number
  readonly paint: Paint
}

/** What is kept of a run: what it compared, what came of it, and findings one to a line. */
export function renderRunSheet(run: CheckRun, findings: readonly StoredFinding[], options: RunSheetOptions): string {
  const { paint } = options
  const { report, flow } = run
  const took = tookMs(run)
  const facts = [`started ${run.startedAt}`, ...(took === undefined ? [] : [`took ${span(took)}`])]
  const head = `${paint.bold(`run ${run.id}`)} of ${flow}  ${colourOf(run, paint)(outcomeOf(run))}  ${paint.dim(facts.join(' · '))}`
  const summary =
    report === undefined
      ? unreported(run, paint)
      : report.kind === 'tables'
        ? renderCheck(flow, report, paint)
        : renderReferences(flow, report, paint)
  const parts = [head, ...conditions(run, paint), '', summary]
  if (findings.length > 0) parts.push('', ...findings.map((finding) => line(finding, options)))
  return [...parts, ...unkept(run, paint)].join('\n')
}

function unreported(run: CheckRun, paint: Paint): string {
  const found = foundText(run)
  const lines = [
    ...(run.error === undefined ? [] : [`  ${paint.red(run.error.code)}: ${visible(run.error.message)}`]),
    ...(run.state === 'interrupted' ? ['  its process ended without a word: there is no verdict'] : []),
    ...(run.state === 'running' ? ['  it is still running'] : []),
    `  ${found === '' ? 'nothing found' : `${found} found`}${run.state === 'running' ? ' so far' : ' until then'}`,
  ]
  return lines.join('\n')
}

/** Filters and queries: without them nobody knows what the verdict was about. */
function conditions({ subject }: CheckRun, paint: Paint): readonly string[] {
  const named: readonly (readonly [string, CheckedSource])[] =
    subject.kind === 'tables'
      ? [
          ['left', subject.left],
          ['right', subject.right],
        ]
      : [['stored', subject.master], ...subject.references.map((source) => ['counted', source] as const)]
  return named.flatMap(([name, { label, where, query }]) => [
    `  ${paint.dim(name.padEnd(7))} ${visible(label)}`,
    ...(where === undefined ? [] : [`          ${paint.dim('where')} ${visible(where)}`]),
    ...(query === undefined ? [] : [`          ${paint.dim('query')} ${visible(query)}`]),
  ])
}

function line(finding: StoredFinding, { width, paint }: RunSheetOptions): string {
  const head = `${String(finding.number).padStart(5)}  ${KIND_WORDS[finding.kind].padEnd(16)} `
  const text = finding.about === 'number' ? numberText(finding) : rowText(finding)
  return `${paint.dim(head.slice(0, 7))}${head.slice(7)}${cut(text, Math.max(20, width - head.length))}`
}

function numberText({ key, expected, stored, sources }: StoredFinding & { readonly about: 'number' }): string {
  const has = stored === undefined ? 'no row' : `stored ${stored ?? 'NULL'}`
  const by = sources.map(({ name, value }) => `${name}=${value ?? 'NULL'}`).join(' ')
  return visible(`${key}  ${has}, counted ${expected ?? 'NULL'}${by === '' ? '' : `  ${by}`}`)
}

function rowText({ key, columns, copies, left, right }: StoredFinding & { readonly about: 'row' }): string {
  const parts = [
    ...(key.length === 0 ? [] : [key.map((value) => value ?? 'NULL').join(' / ')]),
    ...(copies === undefined ? [] : [`left ${count(copies.left)}, right ${count(copies.right)}`]),
    ...(columns.length === 0 ? [] : [`differs in ${columns.join(', ')}`]),
    ...(left === undefined ? [] : [`left: ${values(left)}`]),
    ...(right === undefined ? [] : [`right: ${values(right)}`]),
  ]
  return visible(parts.join('  '))
}

function values(row: readonly (string | null)[]): string {
  return row.map((value) => value ?? 'NULL').join(' | ')
}

function unkept({ found }: CheckRun, paint: Paint): readonly string[] {
  const all = Object.values(found.byKind).reduce((sum, figure) => sum + figure, 0)
  if (all <= found.kept) return []
  return ['', paint.dim(`${plural(found.kept, 'finding')} of ${count(all)} are kept (history: { keepFindings })`)]
}
