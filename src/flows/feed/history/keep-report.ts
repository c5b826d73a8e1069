import { UnavailableError } from '../../../core/errors.js'
import type { FeedReport } from '../../../core/feed-run.js'
import type { FlowContext } from '../../../core/flow.js'
import { deadline } from '../../../engine/deadline.js'
import { pause } from '../../../engine/retry.js'
import type { FeedHistorySettings } from './options.js'

const MS = 15_000
const AGAIN_MS = 500
const MOST_ATTEMPTS = 4

/** Keeps the report of a run that has ended. Never rejects: what became of the feed is the same without it. */
export async function keepReport(
  report: FeedReport,
  { keepRuns }: FeedHistorySettings,
  { state, name: flow, observer, abort }: FlowContext,
): Promise<void> {
  if (state === undefined) return
  try {
    await deadline({ what: 'the history of feeds', ms: MS, signal: abort }, async (signal) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await state.feeds.save(report, keepRuns)
        } catch (error) {
          // Its connection may have been idle, and cut, for as long as the run took.
          if (!(error instanceof UnavailableError) || attempt === MOST_ATTEMPTS || signal.aborted) throw error
          await pause(AGAIN_MS * attempt, signal)
        }
      }
    })
  } catch (error) {
    if (abort.aborted) return
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : 'it failed'
    const message = `this run is not in the history of feeds: ${reason}`
    observer({ flow, type: 'notice', level: 'warn', code: 'history-unwritten', message })
  }
}
