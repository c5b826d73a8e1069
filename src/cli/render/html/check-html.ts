import type { CheckRun } from '../../../core/check-store.js'
import type { Difference } from '../../../core/difference.js'
import type { CheckReport, ReferenceFinding } from '../../../core/flow.js'
import { differencesOf, KIND_WORDS, kindsOf } from '../check-runs.js'
import { count, plural, span } from '../format.js'
import { bars, uprights } from './charts.js'
import { differenceRows, differenceTable, findingTable } from './findings.js'
import type { Spread } from './key-spread.js'
import { html, type Markup } from './markup.js'
import { STYLE } from './style.js'

/** All that the report shows. Everything is bounded, whatever was found. */
export interface CheckPage {
  readonly flow: string
  readonly report: CheckReport
  /** Counts of everything that was found, by kind. */
  readonly byKind: CheckRun['found']['byKind']
  /** The first findings, of one of these two kinds. */
  readonly differences: readonly Difference[]
  readonly findings: readonly ReferenceFinding[]
  /** Values of rows may be shown. */
  readonly withRows: boolean
  readonly spread: Spread | undefined
  /** How many rows differ in each column, or how many findings each column of references has. */
  readonly byColumn: ReadonlyMap<string, number>
  /** Earlier runs, oldest first. */
  readonly earlier: readonly CheckRun[]
  /** ISO 8601, UTC. */
  readonly at: string
}

/** Nothing is loaded from anywhere, and nothing runs. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'"

/** A report that is one file: it may be mailed, kept with a build, or opened years later. */
export function renderCheckPage(page: CheckPage): string {
  const { flow, report, at } = page
  const title = `${flow}: ${report.verdict}`
  const body = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>${title}</title><style>`
  const rest = html`</style></head><body><main>
<div class="head"><h1>${flow}</h1><span class="pill ${report.verdict}">${report.verdict}</span></div>
<p class="lead">${sentence(report)}</p>
${tiles(page)}
${charts(page)}
${subject(report)}
${list(page)}
${next(page)}
<footer>lockstep check · ${at.replace('T', ' ').slice(0, 16)} UTC</footer>
</main></body></html>`
  return `${body.text}${STYLE}${rest.text}`
}

function sentence(report: CheckReport): string {
  if (report.verdict === 'unverified') {
    return 'It could not be told whether the sides are the same: one could not be read to its end, or is being changed all the time.'
  }
  if (report.kind === 'references') {
    const { master, mismatch, unreferenced, orphan } = report
    if (report.verdict === 'same') return `All ${count(master.rows)} stored numbers are what was counted.`
    return `${plural(mismatch + unreferenced + orphan, 'key')} of ${count(master.rows)} do not have the number that was counted.`
  }
  const { rows, sample } = report
  const of = sample === undefined ? '' : `, in a sample of ${Number((sample.share * 100).toPrecision(6))} % of the rows`
  if (report.verdict === 'same') return `Both sides have the same ${plural(rows.left, 'row')}${of}.`
  const differing = report.missingLeft + report.missingRight + report.changed + (report.copies ?? 0)
  return `${plural(differing, 'row')} ${differing === 1 ? 'differs' : 'differ'}, of ${count(rows.left)} left and ${count(rows.right)} right${of}.`
}

function tiles({ report, byKind }: CheckPage): Markup {
  const found = differencesOf({ found: { byKind, kept: 0 } })
  const figures: readonly (readonly [string, string])[] =
    report.kind === 'tables'
      ? [
          ['differences', count(found)],
          ['rows left', count(report.rows.left)],
          ['rows right', count(report.rows.right)],
          ['rows fetched', count(report.fetchedRows)],
          ['took', span(report.durationMs)],
        ]
      : [
          ['findings', count(found)],
          ['stored numbers', count(report.master.rows)],
          ...(report.total === undefined
            ? []
            : [[report.of === 'count' ? 'references' : 'in all', count(report.total)] as const]),
          ['took', span(report.durationMs)],
        ]
  return html`<div class="tiles">${figures.map(([name, value]) => html`<div class="tile"><b>${value}</b><span class="soft">${name}</span></div>`)}</div>`
}

function charts({ report, byKind, spread, byColumn, earlier, at }: CheckPage): Markup | undefined {
  const cards: Markup[] = []
  const card = (name: string, chart: Markup): void =>
    void cards.push(html`<section class="card"><h2>${name}</h2>${chart}</section>`)
  const kinds = kindsOf(byKind)
  if (kinds.length > 0) card('What was found', bars(kinds.map(([kind, value]) => ({ label: KIND_WORDS[kind], value }))))
  if (byColumn.size > 0) {
    const most = [...byColumn].sort(([, a], [, b]) => b - a).slice(0, 12)
    card(
      report.kind === 'tables' ? 'Columns that differ' : 'By column that refers',
      bars(most.map(([label, value]) => ({ label, value }))),
    )
  }
  if (spread !== undefined) {
    const found = spread.bins.map(({ from, to, count: value }) => ({
      title: `${from} to ${to}: ${count(value)}`,
      value,
    }))
    card('Where in the keys', uprights(found, [spread.bins[0]?.from ?? '', spread.bins.at(-1)?.to ?? '']))
  }
  if (earlier.length > 0) card('This run and those before', trend({ earlier, byKind, at, verdict: report.verdict }))
  return cards.length === 0 ? undefined : html`<div class="cards">${cards}</div>`
}

function trend({
  earlier,
  byKind,
  at,
  verdict,
}: Pick<CheckPage, 'earlier' | 'byKind' | 'at'> & Pick<CheckReport, 'verdict'>): Markup {
  const runs = [
    ...earlier.flatMap(({ startedAt, report, found }) =>
      report === undefined ? [] : [{ at: startedAt, verdict: report.verdict, found }],
    ),
    { at, verdict, found: { byKind, kept: 0 } },
  ]
  const day = (moment: string): string => moment.slice(0, 16).replace('T', ' ')
  const all = runs.map((run) => {
    const value = differencesOf(run)
    return { title: `${day(run.at)}: ${run.verdict}, ${plural(value, 'difference')}`, value, verdict: run.verdict }
  })
  return uprights(all, [day(runs[0]?.at ?? at), 'now'])
}

function subject(report: CheckReport): Markup {
  const facts: readonly (readonly [string, string])[] =
    report.kind === 'tables'
      ? [
          ['left', report.left],
          ['right', report.right],
          [
            'key',
            report.keyColumns.length === 0 ? 'none: rows are compared with their copies' : report.keyColumns.join(', '),
          ],
          ['columns', report.columns.join(', ')],
          ...(report.sample === undefined
            ? []
            : [['sample', `${report.sample.share}, seed ${report.sample.seed}`] as const]),
          ...(report.notes ?? []).map((note) => ['note', note] as const),
        ]
      : [
          ['stored', `${report.master.label} (${report.of})`],
          ...report.references.map(({ label, keys }) => ['counted', `${label}: ${plural(keys, 'key')}`] as const),
        ]
  return html`<section class="card"><h2>Compared</h2><dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`
}

function list({ report, differences, findings, withRows, byKind }: CheckPage): Markup | undefined {
  const shown = differences.length + findings.length
  if (shown === 0) return undefined
  const all = kindsOf(byKind).reduce((sum, [, figure]) => sum + figure, 0)
  const heading =
    shown < all
      ? `The first ${count(shown)} of ${plural(all, 'finding')} (--limit shows more)`
      : plural(shown, 'finding')
  const found =
    report.kind === 'references'
      ? findingTable(findings, report.of)
      : withRows
        ? differenceRows(differences, report)
        : differenceTable(differences, report)
  return html`<section class="card"><h2>${heading}</h2>${found}</section>`
}

/** The command and not the statements: what they would change may have changed by the time this is read. */
function next({ flow, report }: CheckPage): Markup | undefined {
  if (report.verdict !== 'different' || report.repair !== undefined) return undefined
  if (report.kind === 'tables' && report.keyColumns.length === 0) return undefined
  const side = report.kind === 'tables' ? ' --side right' : ''
  return html`<section class="card next"><h2>Set it right</h2><p>Statements to read and run, made from the rows as they are then:</p><code>lockstep check ${flow} --repair sql${side} --output repair.sql</code></section>`
}
