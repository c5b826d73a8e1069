/**
 * What a check is at: `digest` sums up both tables whole, `narrow` sums up parts of them, `fetch` reads rows that may
 * differ, `confirm` reads those again that did, `count` goes over stored numbers in the order of their keys, `ranges` waits for workers, who do
 * all of it range by range.
 */
export type CheckPhase = 'digest' | 'narrow' | 'fetch' | 'confirm' | 'count' | 'ranges'

/** How far a phase of a check is. The listener keeps the time. */
export interface CheckProgress {
  readonly phase: CheckPhase
  /** Rows of the phase that are done: of both sides together, or of the master table. Of `ranges` the ranges. */
  readonly done: number
  /** Rows it has in all; an estimate of the catalog's for `count`. `undefined`: nobody knows yet. */
  readonly of: number | undefined
  /** Of the phase, from 0 to 1, where tables are read by ranges: their rows are counted only as they are read. */
  readonly share?: number | undefined
  /** How long such a phase took before, in ms, where nothing is told while it runs, as of one statement. `share` counts for more. */
  readonly expectedMs?: number | undefined
}

/** Called at the start of each phase and every some thousand rows, never for a row. */
export type ProgressListener = (progress: CheckProgress) => void
