import type { Config } from '../../config/define-config.js'
import { LockstepError } from '../../core/errors.js'
import type { StateStore } from '../../core/state.js'
import { within } from '../within.js'

const DEADLINE_MS = 5_000

/** Where a run of a check or a feed is kept, prepared; `undefined` where there is nowhere. One that is down stops no run: `warn` is told. */
export async function historyState(
  { state: database }: Config,
  warn: (text: string) => void,
): Promise<StateStore | undefined> {
  if (database === undefined) return undefined
  try {
    await within(DEADLINE_MS, database.label, (signal) => database.state.prepare(signal))
    return database.state
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error
    warn(`the state database cannot be used, so nothing of this run is kept: ${error.message}`)
    return undefined
  }
}
