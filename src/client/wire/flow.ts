/** What the API answers about flows. Times are ISO 8601 in UTC; `null` where there is nothing to say. */

export type FlowKind = 'ingest' | 'relay' | 'sync' | 'feed' | 'check'

/**
 * `never-run`: no process has told anything of it. `standby`: another instance runs it, this one waits. `scheduled`: between
 * two runs. `paused`: until it is resumed.
 */
export type FlowState = 'never-run' | 'running' | 'standby' | 'scheduled' | 'draining' | 'paused' | 'stopped' | 'failed'

/**
 * What a person should think of it. `ok`: nothing to do. `attention`: it works, and something waits for a person (dead
 * letters, conflicts, a check that found something). `broken`: it does not work now. `off`: it is not meant to run now.
 */
export type FlowCondition = 'ok' | 'attention' | 'broken' | 'off'

/** What can be done with the flow through this server now. */
export type FlowAction = 'pause' | 'resume' | 'run' | 'reset' | 'replay' | 'discard' | 'test-alert'

export interface FlowSummary {
  readonly name: string
  readonly kind: FlowKind
  readonly state: FlowState
  readonly condition: FlowCondition
  /** One sentence that says why the condition is not `ok`. */
  readonly reason: string | null
  /** Its process said that it runs, and has not been heard of for 15 s. */
  readonly stale: boolean
  readonly startedAt: string | null
  readonly heardAt: string | null
  /** Since the start, as are `batches`, `retries`, `deadLetters`, `held`, `skipped` and `conflicts`. */
  readonly items: number
  readonly batches: number
  /** Over the last 10 s. */
  readonly itemsPerSecond: number
  /** The greatest of the last 10 s. */
  readonly lagMs: number | null
  readonly retries: number
  readonly deadLetters: number
  readonly held: number
  readonly skipped: number
  readonly conflicts: number
  /** What is in the stores now; `null` where they could not be asked (yet). */
  readonly stored: FlowStored | null
  readonly caughtUp: boolean
  /** The last five minutes in steps of 10 s, oldest first. */
  readonly trend: FlowTrend
  readonly unhealthy: readonly FlowUnhealthy[]
  readonly lastError: FlowError | null
  readonly lastVerdict: FlowVerdict | null
  readonly lastNotice: FlowNotice | null
  readonly exitCode: number | null
  readonly schedule: { readonly cron: string; readonly timeZone: string } | null
  readonly nextRunAt: string | null
  readonly lastRun: FlowRunEnd | null
  /** Of a flow that must run once: who runs it. */
  readonly lease: FlowLease | null
  /** Labels, without credentials. */
  readonly databases: readonly string[]
  readonly actions: readonly FlowAction[]
}

/** Waiting for a person, waiting for another item, and recorded. */
export interface FlowStored {
  readonly deadLetters: number
  readonly held: number
  readonly conflicts: number
  readonly at: string
}

export interface FlowLease {
  /** Host and process. */
  readonly holder: string
  /** Raised with each instance that takes over. */
  readonly epoch: number
  readonly since: string
}

export interface FlowTrend {
  readonly stepMs: number
  readonly from: string
  readonly items: readonly number[]
  readonly lagMs: readonly (number | null)[]
}

export interface FlowUnhealthy {
  /** What does not work, e.g. a database's label. */
  readonly subject: string
  readonly reason: string | null
  readonly since: string
}

export interface FlowError {
  readonly message: string
  readonly code: string | null
  readonly at: string | null
}

export interface FlowVerdict {
  readonly verdict: string
  readonly detail: string
  readonly figures: Readonly<Record<string, number>>
  readonly at: string
}

export interface FlowNotice {
  readonly level: string
  readonly code: string
  readonly message: string
  readonly at: string
}

export interface FlowRunEnd {
  readonly startedAt: string
  readonly endedAt: string
  readonly exitCode: number
  readonly error: string | null
}

export interface FlowDetail extends FlowSummary {
  /** Of all items since the start, in ms. */
  readonly lag: { readonly p50: number; readonly p99: number; readonly max: number } | null
  /** At most 256. */
  readonly lanes: readonly FlowLane[]
  /** Tables it writes to. */
  readonly tables: readonly string[]
  /** Where its alerts go, without secrets: `webhook https://hooks.slack.com`. None: they go nowhere. */
  readonly alertsTo: readonly string[]
}

/** What became of a test message. */
export interface AlertTest {
  readonly results: readonly AlertTestResult[]
}

export interface AlertTestResult {
  /** As in `alertsTo`. */
  readonly place: string
  readonly arrived: boolean
  /** What the receiver answered, with its status (`200 ok`), or why the message did not arrive. */
  readonly answer: string
  /** What to do about it. */
  readonly fix: string | null
}

export interface FlowLane {
  readonly lane: string
  readonly items: number
  readonly batches: number
  /** Of its last batch. */
  readonly lagMs: number | null
  readonly lastBatchAt: string
}

/** One column per figure, oldest step first; the last step is not over yet. */
export interface FlowSeries {
  readonly stepMs: number
  /** Start of the first step. */
  readonly from: string
  readonly items: readonly number[]
  readonly batches: readonly number[]
  /** Time spent in writing batches; lanes add up. */
  readonly busyMs: readonly number[]
  /** The greatest of the step. */
  readonly lagMs: readonly (number | null)[]
  readonly retries: readonly number[]
  readonly deadLetters: readonly number[]
}

/** Something that happened in a flow; equal ones within ten seconds are one, counted. */
export interface FlowHappening {
  /** Tells it from the others of its flow. */
  readonly id: string
  readonly flow: string
  /** `started`, `failed`, `unavailable`, `recovered`, `retry`, `dead-letters`, `different`, ... */
  readonly type: string
  readonly level: 'info' | 'warn' | 'error'
  readonly at: string
  readonly lastAt: string
  readonly message: string
  readonly code: string | null
  /** Lane or database that it is about. */
  readonly lane: string | null
  /** How many items or times it stands for. */
  readonly times: number
}

/** One process that ran the flow. */
export interface FlowRun {
  readonly run: string
  readonly state: Exclude<FlowState, 'never-run'>
  readonly startedAt: string
  readonly heartbeatAt: string
  readonly items: number
  readonly lagMs: number | null
  readonly retries: number
  readonly deadLetters: number
  readonly conflicts: number
  readonly lastError: string | null
  readonly lastVerdict: { readonly verdict: string; readonly detail: string; readonly at: string } | null
  readonly nextRunAt: string | null
  readonly lastRun: FlowRunEnd | null
  readonly lease: FlowLease | null
}

export interface Checkpoint {
  /** Label of the database that keeps it. */
  readonly database: string
  readonly lane: string
  /** Text that only the source can read; cut after 2,000 characters. */
  readonly position: string
  /** All of its characters. */
  readonly characters: number
}

/** The options a flow was made with, names of functions and labels in place of objects; nothing secret. */
export interface FlowConfig {
  readonly flow: string
  readonly kind: FlowKind
  readonly options: unknown
}
