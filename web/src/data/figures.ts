import type { CheckRun } from 'lockstep/client'
import { count, duration } from '../format.js'

/** Kinds of findings that mean a difference, with the words for them; any other kind is told by its name. */
const WORDS: Readonly<Record<string, string>> = {
  'missing-left': 'missing left',
  'missing-right': 'missing right',
  copies: 'in other numbers of copies',
  mismatch: 'mismatched',
  orphan: 'orphaned',
}

/** A row that is written all the time is no difference, as nobody knows. */
const UNSTABLE = 'unstable'

export function differences({ found }: CheckRun): number {
  return Object.entries(found).reduce((sum, [kind, times]) => (kind === UNSTABLE ? sum : sum + times), 0)
}

/** `3 changed, 1 missing right`; without a verdict, why there is none. */
export function inWords(run: CheckRun): string {
  if (run.state === 'running') return 'at work'
  if (run.error !== null) return run.error.message
  if (run.state === 'interrupted') return 'interrupted, so nothing is known'
  const found = Object.entries(run.found).filter(([, times]) => times > 0)
  if (found.length === 0) return 'nothing differs'
  return found.map(([kind, times]) => `${count(times)} ${WORDS[kind] ?? kind}`).join(', ')
}

export function took({ startedAt, endedAt }: CheckRun): string {
  return endedAt === null ? '–' : duration(Date.parse(endedAt) - Date.parse(startedAt))
}
