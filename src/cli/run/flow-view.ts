import type { RunRecord } from '../../core/state.js'
import type { FlowTally } from '../../observe/tally.js'
import type { FlowView } from '../render/run-view.js'
import type { Recent } from './recent.js'

/** What the live view shows of a flow beyond its tally. */
export interface Lately {
  readonly recent: Recent
  /** When each subject that does not work was first seen so. */
  readonly unhealthySince: ReadonlyMap<string, number>
}

export function flowView(tally: FlowTally, { recent, unhealthySince }: Lately, nowMs: number): FlowView {
  const [lagP50Ms, lagP99Ms] = recent.lags(nowMs, [0.5, 0.99])
  const { lastVerdict } = tally
  const waits = tally.state === 'scheduled'
  const over =
    waits ||
    tally.state === 'standby' ||
    tally.state === 'paused' ||
    tally.state === 'stopped' ||
    tally.state === 'failed'
  return {
    name: tally.flow,
    state: isStarting(tally) ? 'starting' : tally.state,
    items: tally.items,
    itemsPerSecond: over ? 0 : tally.itemsPerSecond,
    history: recent.history(nowMs),
    lagP50Ms,
    lagP99Ms,
    retries: tally.retries,
    deadLetters: tally.deadLetters,
    conflicts: tally.conflicts,
    skipped: tally.skipped,
    unhealthy: (over ? [] : tally.unhealthy).map(({ subject, reason }) => ({
      subject,
      reason: reason ?? 'it does not work',
      sinceMs: unhealthySince.get(subject) ?? nowMs,
    })),
    verdict: lastVerdict && { ...lastVerdict, atMs: Date.parse(lastVerdict.at) },
    error: firstLine(tally.state === 'failed' ? tally.lastError : waits ? tally.lastRun?.error : undefined),
    next: waits ? nextOf(tally) : undefined,
    standbyOf: tally.state === 'standby' ? tally.lease?.holder : undefined,
  }
}

function nextOf({ nextRunAt, lastRun }: FlowTally): FlowView['next'] {
  if (nextRunAt === undefined) return undefined
  return { atMs: Date.parse(nextRunAt), lastEndedMs: lastRun && Date.parse(lastRun.endedAt) }
}

/** It has been called, but nothing has been heard of its work yet. */
function isStarting({ state, batches, lastVerdict, caughtUp }: FlowTally): boolean {
  return state === 'running' && batches === 0 && lastVerdict === undefined && !caughtUp
}

/** What `lockstep status` reads; `run` names this process. */
export function runRecord(tally: FlowTally, lately: Lately, { run, nowMs }: { run: string; nowMs: number }): RunRecord {
  const [lagMs] = lately.recent.lags(nowMs, [0.99])
  const { lastVerdict } = tally
  return {
    flow: tally.flow,
    kind: tally.kind,
    run,
    state: tally.state,
    startedAt: tally.startedAt,
    heartbeatAt: new Date(nowMs).toISOString(),
    items: tally.items,
    lagMs,
    retries: tally.retries,
    deadLetters: tally.deadLetters,
    conflicts: tally.conflicts,
    lastError: firstLine(tally.unhealthy[0]?.reason ?? tally.lastError),
    lastVerdict: lastVerdict && { verdict: lastVerdict.verdict, detail: lastVerdict.detail, at: lastVerdict.at },
    nextRunAt: tally.nextRunAt,
    lastRun: tally.lastRun,
    lease: tally.lease,
  }
}

/** The fix of a `ConfigError` is on a line of its own and shown elsewhere. */
function firstLine(text: string | undefined): string | undefined {
  return text?.split('\n')[0]
}
