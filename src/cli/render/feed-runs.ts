import type { FeedOutcome, FeedRun } from '../../core/feed-run.js'
import { type Column, columns } from './columns.js'
import { count, span } from './format.js'
import type { Paint } from './paint.js'

const HEADS: readonly Column[] = [
  { title: 'run' },
  { title: 'ended (UTC)' },
  { title: 'read', align: 'right' },
  { title: 'rejected', align: 'right' },
  { title: 'outcome', cuttable: true },
]

/** A line per run, newest first; what exactly went wrong is in the sheet of a run. */
export function renderFeedRuns(runs: readonly FeedRun[], options: { width: number; paint: Paint }): string {
  const { paint, width } = options
  const rows = runs.map(({ id, endedAt, read, rejected, outcome, sequence, error }) => {
    const what = sequence === undefined ? outcome : `${outcome}: feed ${sequence}`
    const text = error === undefined ? what : `${what}, ${error.code}`
    return [
      { text: id },
      { text: endedAt.slice(0, 19).replace('T', ' ') },
      { text: count(read) },
      { text: count(rejected), ...(rejected === 0 ? {} : { colour: paint.yellow }) },
      { text, colour: outcomeColour(outcome, paint) },
    ]
  })
  return columns(HEADS, rows, { dim: paint.dim, width }).join('\n')
}

export function tookText({ startedAt, endedAt }: Pick<FeedRun, 'startedAt' | 'endedAt'>): string {
  return span(Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)))
}

export function outcomeColour(outcome: FeedOutcome, paint: Paint): (text: string) => string {
  if (outcome === 'published') return paint.green
  return outcome === 'refused' || outcome === 'failed' ? paint.red : paint.yellow
}
