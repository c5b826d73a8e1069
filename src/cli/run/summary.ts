import type { ExitCode } from '../../core/errors.js'
import type { RunView } from '../render/run-view.js'

/** What `lockstep run --json` prints at the end. */
export function summaryOf(view: RunView, exitCode: ExitCode): object {
  return {
    exitCode,
    startedAt: new Date(view.startedMs).toISOString(),
    durationMs: view.nowMs - view.startedMs,
    flows: view.flows.map(({ history, itemsPerSecond, lagP50Ms, lagP99Ms, unhealthy, verdict, ...flow }) => ({
      ...flow,
      verdict: verdict && {
        verdict: verdict.verdict,
        detail: verdict.detail,
        at: new Date(verdict.atMs).toISOString(),
      },
    })),
  }
}
