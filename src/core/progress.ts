/**
 * What a check is at: `digest` sums up both tables whole, `narrow` sums up parts of them, `fetch` reads rows that may
 * differ, `confirm` reads those again that did, `count` goes over stored numbers in the order of their keys.
 */
export type CheckPhase = 'digest' | 'narrow' | 'fetch' | 'confirm' | 'count'

/** How far a phase of a check is. The listener keeps the time. */
export interface CheckProgress {
  readonly phase: CheckPhase
  /** Rows of the phase that are done: of both sides together, or of the master table. */
  readonly done: number
  /** Rows it has in all; an estimate of the catalog's for `count`. `undefined`: nobody knows yet. */
  readonly of: number | undefined
  /** How long such a phase took before, in ms, where nothing is told while it runs, as of one statement. */
  readonly expectedMs?: number | undefined
}

/** Called at the start of each phase and every some thousand rows, never for a row. */
export type ProgressListener = (progress: CheckProgress) => void
