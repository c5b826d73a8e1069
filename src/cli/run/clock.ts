import { pause } from '../../engine/retry.js'

/** Where a schedule has its time from, so that tests need not wait. */
export interface Clock {
  /** ms since 1970. */
  now(): number
  /** Resolves at `ms`, or as soon as the signal aborts. */
  until(ms: number, signal: AbortSignal): Promise<void>
}

/** A timer knows nothing of a clock that is set or of a machine that slept, so it looks again now and then. */
const LOOK_MS = 30_000

export const systemClock: Clock = {
  now: () => Date.now(),
  async until(ms, signal) {
    for (let left = ms - Date.now(); left > 0 && !signal.aborted; left = ms - Date.now()) {
      await pause(Math.min(left, LOOK_MS), signal)
    }
  },
}
