import type { ReferenceFinding, ReferenceSource, ReferencesReport } from '../../core/flow.js'
import { interruption, sharing, verdictLine } from './check-report.js'
import { count, cut, plural, span, visible } from './format.js'
import type { Paint } from './paint.js'

/** What `lockstep check` says of stored numbers: the verdict first, all of it on one screen. */
export function renderReferences(flow: string, report: ReferencesReport, paint: Paint): string {
  const { master, references } = report
  const figures = [master.rows, ...references.map(({ keys }) => keys)]
  const width = Math.max(...figures.map((figure) => count(figure).length))
  const line = (name: string, { figure, unit, label }: { figure: number; unit: string; label: string }): string =>
    `  ${paint.dim(name.padEnd(7))} ${count(figure).padStart(width)} ${unit.padEnd(4)}  ${label}`
  return [
    verdictLine(flow, report.verdict, paint),
    '',
    line('stored', { figure: master.rows, unit: 'rows', label: `${master.label} (${report.of})` }),
    ...references.map(({ keys, label }, index) =>
      line(index === 0 ? 'counted' : '', { figure: keys, unit: 'keys', label }),
    ),
    '',
    ...faults(report, paint),
    `  ${paint.dim([...totals(report), `snapshots held for ${span(report.snapshotMs)}`, span(report.durationMs)].join(' · '))}`,
    ...sharing(report).map((line) => `  ${paint.dim(line)}`),
    ...interruption(flow, report).map((line) => `  ${paint.dim(line)}`),
  ].join('\n')
}

function totals({ of, total }: ReferencesReport): readonly string[] {
  if (total === undefined) return []
  return [of === 'count' ? plural(total, 'reference') : `${count(total)} in all`]
}

function faults(report: ReferencesReport, paint: Paint): readonly string[] {
  const found = [
    { figure: report.mismatch, text: 'stored and recounted differ' },
    { figure: report.unreferenced, text: 'stored, and nothing refers to the row' },
    { figure: report.orphan, text: 'referred to, and there is no such row' },
    { figure: report.unstable, text: 'changing all the time, not judged' },
  ].filter(({ figure }) => figure > 0)
  if (found.length === 0) return []
  const width = Math.max(...found.map(({ figure }) => count(figure).length))
  return [
    ...found.map(
      ({ figure, text }) => `  ${paint.bold(count(figure).padStart(width))} ${figure === 1 ? 'key ' : 'keys'} ${text}`,
    ),
    '',
  ]
}

export interface FindingOptions {
  readonly of: ReferencesReport['of']
  readonly width: number
  readonly paint: Paint
}

/** Each key with its two numbers, and a line for each column that refers to it, with some of the rows. */
export function renderFindings(findings: readonly ReferenceFinding[], options: FindingOptions): string {
  return findings.map((finding) => renderFinding(finding, options)).join('\n')
}

function renderFinding(finding: ReferenceFinding, { of, width, paint }: FindingOptions): string {
  const { kind, key, stored, expected, sources } = finding
  const has = stored === undefined ? 'no row' : `stored ${stored ?? 'NULL'}`
  const head = `${paint.bold(kind.padEnd(12))} ${visible(key)}  ${paint.red(has)}, ${of} ${expected ?? 'NULL'}`
  const nameWidth = Math.max(0, ...sources.map(({ name }) => name.length))
  const lines = sources.map((source) => {
    const line = `  ${source.name.padEnd(nameWidth)}  ${source.value ?? 'NULL'}${rowsOf(source)}`
    return paint.dim(cut(line, width))
  })
  return [head, ...lines].join('\n')
}

function rowsOf({ rows = [], rowKey, value }: ReferenceSource): string {
  if (rows.length === 0) return ''
  const shown = rows.map((row) => row.map((cell) => visible(cell ?? 'NULL')).join('/'))
  const more = Number(value) > rows.length ? ', ...' : ''
  return `  ${rowKey.join('/')} ${shown.join(', ')}${more}`
}
