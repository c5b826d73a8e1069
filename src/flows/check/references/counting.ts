import type { Distributed } from '../../../core/check-report.js'
import type { CheckOptions, FlowContext } from '../../../core/flow.js'
import type { Watched } from '../../../engine/while-answering.js'
import type { KeptCheck } from '../resume/kept-check.js'
import type { Findings, FoundNumbers } from './findings.js'
import type { Opened } from './opened.js'

export interface CountingOptions extends CheckOptions, Watched {
  readonly settleMs: number
  readonly maxSnapshotMs: number
  /** How long to keep trying while a database cannot be reached, in ms. Default 60,000. */
  readonly patienceMs?: number
}

export interface CountingRequest {
  readonly opened: Opened
  readonly context: FlowContext
  readonly options: CountingOptions
  /** All that decides what is counted, as JSON. */
  readonly shape: unknown
  /** Is given what is found. */
  readonly findings: Findings
}

export interface CountingFigures {
  /** Groups looked at, by place. */
  readonly groups: readonly number[]
  readonly total: number
  /** Age of the oldest snapshot. */
  readonly snapshotMs: number
}

/** Counts all references and judges all numbers, here or elsewhere. */
export interface Counting extends AsyncDisposable {
  readonly figures: CountingFigures
  /** `undefined`: this process counts. */
  readonly distributed: Distributed | undefined
  readonly kept: KeptCheck<{ readonly found: FoundNumbers }>
  /** `false`: it was not read to its end. */
  run(): Promise<boolean>
}

/** Throws `ConfigError` when a check is to be resumed that cannot be. */
export type BeginCounting = (request: CountingRequest) => Promise<Counting>
