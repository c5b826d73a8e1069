import { pause } from '../retry.js'

/** Where leases have their time from, so that tests need not wait. */
export interface Clock {
  /** Starts to measure. What it answers tells the ms since then: rather too many than too few. */
  stopwatch(): () => number
  /** Resolves after `ms`, or as soon as one of the signals aborts. */
  pause(ms: number, ...signals: readonly AbortSignal[]): Promise<void>
}

/** A monotonic clock stands still while a machine sleeps, and the other one may be set back. */
export const systemClock: Clock = {
  stopwatch() {
    const [monotonic, wall] = [performance.now(), Date.now()]
    return () => Math.max(performance.now() - monotonic, Date.now() - wall)
  },
  pause,
}
