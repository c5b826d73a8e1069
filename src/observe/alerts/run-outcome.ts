import { ConflictError, DataError, EXIT } from '../../core/errors.js'
import type { FlowEvent } from '../../core/observer.js'
import { short, whyRefused, whyStopped } from './wording.js'

type Stopped = FlowEvent & { readonly type: 'stopped' }
type Verdict = FlowEvent & { readonly type: 'verdict' }

/** What one run of a flow that ends by itself (`check`, `feed`) came to. `nothing`: it was not let to its end. */
export type RunOutcome =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'published' }
  | { readonly kind: 'same'; readonly sampled: boolean }
  | { readonly kind: 'different'; readonly message: string; readonly count: number; readonly sampled: boolean }

/** `leaving`: the process was asked to stop, so what has no result need not have failed. */
export function checkOutcome({ error, exitCode }: Stopped, verdict: Verdict | undefined, leaving: boolean): RunOutcome {
  if (error !== undefined) return { kind: 'failed', message: whyStopped(error) }
  if (verdict === undefined || exitCode === EXIT.aborted) return { kind: 'nothing' }
  const sampled = verdict.figures['sampleShare'] !== undefined
  if (verdict.verdict === 'same') return { kind: 'same', sampled }
  if (verdict.verdict === 'unverified') {
    return leaving ? { kind: 'nothing' } : { kind: 'failed', message: short(`could not tell: ${verdict.detail}`) }
  }
  const count = Math.max(
    1,
    COUNTED.reduce((total, name) => total + (verdict.figures[name] ?? 0), 0),
  )
  return { kind: 'different', message: short(`differs: ${verdict.detail}`), count, sampled }
}

const COUNTED = ['missingLeft', 'missingRight', 'changed', 'copies', 'mismatch', 'unreferenced', 'orphan'] as const

export function feedOutcome({ error, exitCode }: Stopped, leaving: boolean): RunOutcome {
  if (error instanceof DataError) return { kind: 'refused', message: whyRefused(error) }
  // Another instance has published in its place.
  if (error instanceof ConflictError) return { kind: 'nothing' }
  if (error !== undefined) return { kind: 'failed', message: whyStopped(error) }
  if (exitCode === EXIT.aborted || leaving) return { kind: 'nothing' }
  return { kind: 'published' }
}
