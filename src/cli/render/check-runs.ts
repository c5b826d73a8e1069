import type { CheckRun, FindingKind } from '../../core/check-store.js'
import { type Column, columns } from './columns.js'
import { ago, count, span, sparkline } from './format.js'
import type { Paint } from './paint.js'

export interface CheckRunsOptions {
  readonly nowMs: number
  readonly width: number
  readonly paint: Paint
}

/** Runs that the trend shows. */
const TREND = 40

export const KIND_WORDS: Readonly<Record<FindingKind, string>> = {
  'missing-left': 'missing left',
  'missing-right': 'missing right',
  changed: 'changed',
  copies: 'in other numbers',
  mismatch: 'wrong',
  unreferenced: 'unreferenced',
  orphan: 'orphaned',
  unstable: 'unstable',
}

/** One line per run, newest first, and below how the differences of each flow went. */
export function renderRuns(runs: readonly CheckRun[], { nowMs, width, paint }: CheckRunsOptions): string {
  const flows = [...new Set(runs.map(({ flow }) => flow))]
  const heads: readonly Column[] = [
    { title: 'RUN' },
    { title: 'STARTED', align: 'right' },
    ...(flows.length > 1 ? [{ title: 'FLOW', cuttable: true }] : []),
    { title: 'VERDICT' },
    { title: 'TOOK', align: 'right' },
    { title: 'FOUND', cuttable: true },
  ]
  const rows = runs.map((run) => [
    { text: run.id },
    { text: ago(Math.max(0, nowMs - Date.parse(run.startedAt))) },
    ...(flows.length > 1 ? [{ text: run.flow, colour: paint.bold }] : []),
    { text: outcomeOf(run), colour: colourOf(run, paint) },
    { text: tookMs(run) === undefined ? '' : span(tookMs(run) ?? 0) },
    { text: run.error === undefined ? foundText(run) : run.error.message, colour: paint.dim },
  ])
  const trends = flows.flatMap((flow) => trend(flow, runs, paint))
  return [...columns(heads, rows, { dim: paint.dim, width }), ...(trends.length > 0 ? ['', ...trends] : [])].join('\n')
}

/** `3 changed, 1 missing left` */
export function foundText({ found }: Pick<CheckRun, 'found'>): string {
  return kindsOf(found.byKind)
    .map(([kind, figure]) => `${count(figure)} ${KIND_WORDS[kind]}`)
    .join(', ')
}

export function kindsOf(byKind: CheckRun['found']['byKind']): readonly (readonly [FindingKind, number])[] {
  return KINDS.flatMap((kind) => {
    const figure = byKind[kind] ?? 0
    return figure > 0 ? [[kind, figure] as const] : []
  })
}

const KINDS: readonly FindingKind[] = [
  'changed',
  'missing-left',
  'missing-right',
  'copies',
  'mismatch',
  'unreferenced',
  'orphan',
  'unstable',
]

/** What is no longer in flight. */
export function differencesOf({ found }: Pick<CheckRun, 'found'>): number {
  return kindsOf(found.byKind).reduce((sum, [kind, figure]) => (kind === 'unstable' ? sum : sum + figure), 0)
}

/** The verdict, or the state of a run that has none. */
export function outcomeOf({ state, report }: Pick<CheckRun, 'state' | 'report'>): string {
  return report?.verdict ?? state
}

export function tookMs({ startedAt, endedAt }: Pick<CheckRun, 'startedAt' | 'endedAt'>): number | undefined {
  return endedAt === undefined ? undefined : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt))
}

export function colourOf(run: CheckRun, paint: Paint): (text: string) => string {
  const outcome = outcomeOf(run)
  if (outcome === 'same') return paint.green
  return outcome === 'different' || outcome === 'failed' || outcome === 'interrupted' ? paint.red : paint.yellow
}

/** Differences of the runs that came to a verdict, oldest first; nothing where there are not two. */
export function trendOf(flow: string, newestFirst: readonly CheckRun[]): readonly CheckRun[] {
  const told = newestFirst.filter((run) => run.flow === flow && run.report !== undefined)
  return told.slice(0, TREND).reverse()
}

function trend(flow: string, runs: readonly CheckRun[], paint: Paint): readonly string[] {
  const told = trendOf(flow, runs).map(differencesOf)
  if (told.length < 2) return []
  const [first = 0] = told
  const last = told.at(-1) ?? 0
  return [
    `${paint.bold(flow)} ${sparkline(told)} ${paint.dim(`differences, oldest first: ${count(first)} to ${count(last)}`)}`,
  ]
}
