import type { CheckRun, StoredFinding } from './check-store.js'
import type { RepairReport, Side } from './repair.js'

/** Findings of an earlier run that are to become SQL of today. */
export interface StoredRepairRequest {
  readonly run: Pick<CheckRun, 'id' | 'subject' | 'report'>
  readonly findings: readonly StoredFinding[]
  /** The side that is changed. Of a check of references it is the master, and left out. */
  readonly side: Side | undefined
  /** Rows that only this side has are deleted. Else they are only listed. */
  readonly delete: boolean
  /** Asked between findings: `true` leaves out the rest. */
  isFull(): boolean
  /** A line of the script, or some. */
  write(text: string): void
}

export interface StoredRepairReport extends RepairReport {
  /** Findings that were looked at, from the first on. */
  readonly considered: number
}
