import type { CheckRun } from '../core/check-store.js'
import type { RunRecord } from '../core/state.js'

const STATE = { running: 'running', finished: 'stopped', failed: 'failed', interrupted: 'failed' } as const

/** A run of `lockstep check` as if its process had told how it stands: it keeps the run, and no record. */
export function checkRecord(run: CheckRun, now: string): RunRecord {
  const { flow, id, state, startedAt, endedAt, report, error } = run
  const heartbeatAt = endedAt ?? (state === 'running' ? now : startedAt)
  return {
    flow,
    kind: 'check',
    run: id,
    state: STATE[state],
    startedAt,
    heartbeatAt,
    items: 0,
    lagMs: undefined,
    retries: 0,
    deadLetters: 0,
    conflicts: 0,
    lastError: error?.message ?? (state === 'interrupted' ? 'its process ended without a word' : undefined),
    lastVerdict: report === undefined ? undefined : { verdict: report.verdict, detail: detailOf(run), at: heartbeatAt },
  }
}

/** `20 mismatch, 3 orphan` */
function detailOf({ found }: CheckRun): string {
  const kinds = Object.entries(found.byKind).filter(([, times]) => times > 0)
  return kinds.map(([kind, times]) => `${times} ${kind}`).join(', ')
}
