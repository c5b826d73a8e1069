import type { Config } from '../../config/define-config.js'
import { LockstepError } from '../../core/errors.js'
import type { FeedRunStore } from '../../core/feed-run.js'
import type { Io } from '../io.js'
import { within } from '../within.js'

const DEADLINE_MS = 10_000

/** Asks what is kept of runs of feeds; `undefined`: the config names no database for it. */
export async function feedHistory<Answer>(
  { state }: Config,
  ask: (feeds: FeedRunStore) => Promise<Answer>,
): Promise<Answer | undefined> {
  return state === undefined ? undefined : within(DEADLINE_MS, state.label, () => ask(state.state.feeds))
}

/** The same where feeds are shown beside it, which are in their stores: that it cannot be asked is told, and no failure. */
export async function feedHistoryBeside<Answer>(
  io: Io,
  config: Config,
  ask: (feeds: FeedRunStore) => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await feedHistory(config, ask)
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error
    io.err(`the state database cannot be asked, so runs are not shown: ${error.message}`)
    return undefined
  }
}
