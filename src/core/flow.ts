import type { Database, TableRef } from './database.js'
import type { DeadLetterStore, LetterFilter } from './dead-letter.js'
import type { Diagnosis, GrantList } from './diagnosis.js'
import type { Difference } from './difference.js'
import type { Observer } from './observer.js'
import type { TableSchema } from './table.js'

export type FlowKind = 'ingest' | 'relay' | 'sync' | 'feed' | 'check'

/** What a running flow is given. */
export interface FlowContext {
  /** The flow's key in the config. */
  readonly name: string
  readonly observer: Observer
  /** Aborts on the first SIGTERM: finish what was read, save, then return. */
  readonly drain: AbortSignal
  /** Aborts on the second SIGTERM, or when draining takes too long: return at once. */
  readonly abort: AbortSignal
  /** Return as soon as everything committed before the call is on the other side. */
  readonly untilCaughtUp: boolean
}

/** A line of the config: what `ingest`, `sync`, `feed` and `check` return. */
export interface Flow {
  readonly kind: FlowKind
  /** Every database it touches, for `doctor`, `grants`, `status` and health. */
  readonly databases: readonly Database[]
  /** The tables it writes to, for `lockstep load <flow>`; left out by flows that write to none. */
  readonly tables?: readonly TableRef[]
  /** Runs until drained, finished or failed. Throws a `LockstepError` of the class that decides the exit code. */
  run(context: FlowContext): Promise<void>
  /** Compares and reports, changing nothing; left out by flows that have nothing to compare. */
  check?(context: FlowContext, options: CheckOptions): Promise<CheckReport>
  /** Where its dead letters can be looked at; left out when they go where nobody can (a topic). */
  readonly deadLetters?: readonly DeadLetterStore[]
  /** Sends dead letters through the whole flow again; left out by flows that cannot. */
  replay?(filter: LetterFilter, context: FlowContext): Promise<ReplayReport>
  /** What would stop or slow this flow, without changing anything. */
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
  /** The least rights the flow needs, per database, as statements to run. `role` is a placeholder or a real role. */
  grants(role: string, signal: AbortSignal): Promise<readonly GrantList[]>
}

export interface ReplayReport {
  /** Letters that were tried, and of these: stored now, and failed again. */
  readonly letters: number
  readonly replayed: number
  readonly failed: number
}

export interface CheckOptions {
  /**
   * Called once, before the first difference, with what is compared. The columns of both are in the left side's order, as
   * the rows of differences are.
   */
  begun?(schemas: { readonly left: TableSchema; readonly right: TableSchema }): void
  /** Called with each difference found, as it is found. */
  difference?(difference: Difference): void
  /** Between the first look and the second, in ms. Default 1000. */
  readonly settleMs?: number
}

export interface CheckReport {
  readonly verdict: 'same' | 'different' | 'unverified'
  /** Label of each side. */
  readonly left: string
  readonly right: string
  readonly columns: readonly string[]
  readonly keyColumns: readonly string[]
  readonly rows: { readonly left: bigint; readonly right: bigint }
  readonly missingLeft: number
  readonly missingRight: number
  readonly changed: number
  readonly unstable: number
  /** Rows sent over the network, both sides together. */
  readonly fetchedRows: number
  readonly durationMs: number
}
