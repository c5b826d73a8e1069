import type { FlowAlert } from './alert.js'
import type { CheckReport, ReferenceFinding, Sample } from './check-report.js'
import type { Database, TableRef } from './database.js'
import type { DeadLetterStore, LetterFilter } from './dead-letter.js'
import type { Diagnosis, GrantList } from './diagnosis.js'
import type { Difference } from './difference.js'
import type { Distribute, RangedWork, RangeQueue } from './distribute.js'
import type { Instance } from './lease.js'
import type { ObjectStore } from './object-store.js'
import type { Observer } from './observer.js'
import type { ProgressListener } from './progress.js'
import type { RepairOptions } from './repair.js'
import type { Schedule } from './schedule.js'
import type { StateStore } from './state.js'
import type { StoredRepairReport, StoredRepairRequest } from './stored-repair.js'
import type { TableSchema } from './table.js'

export type {
  CheckReport,
  ReferenceFinding,
  ReferenceSource,
  ReferencesReport,
  Sample,
  TablesReport,
} from './check-report.js'

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
  /** Of a flow that goes on from what it did before: begin anew. Default `false`. */
  readonly full?: boolean
  /** The config's `state` database, prepared: where runs of checks and feeds are kept. Left out where it has none, or it cannot be used. */
  readonly state?: StateStore
  /** Wait while another instance runs a flow that must run once, and take over, rather than end with a `FencedError`. Default `false`. */
  readonly standby?: boolean
  /** This process, as other instances are told. Left out: one without a name. */
  readonly instance?: Instance
  /** Of a flow with `distribute`: what its ranges go through. The caller closes it. */
  readonly queue?: RangeQueue
}

/** A line of the config: what `ingest`, `sync`, `feed` and `check` return. */
export interface Flow {
  readonly kind: FlowKind
  /** Every database it touches, for `doctor`, `grants`, `status` and health. */
  readonly databases: readonly Database[]
  /** The tables it writes to, for `lockstep load <flow>`; left out by flows that write to none. */
  readonly tables?: readonly TableRef[]
  /** When `lockstep run` runs it, again and again; left out: once, at the start. */
  readonly schedule?: Schedule | undefined
  /** What it says itself of its alerts; the rest is said by the config. */
  readonly alert?: FlowAlert | undefined
  /** How its work is shared out; left out: this process does it all. */
  readonly distribute?: Distribute | undefined
  /** What a worker does for it; of flows with `distribute`. */
  readonly ranged?: RangedWork | undefined
  /** Runs until drained, finished or failed. Throws a `LockstepError` of the class that decides the exit code. */
  run(context: FlowContext): Promise<void>
  /** Compares and reports, changing nothing; left out by flows that have nothing to compare. */
  check?(context: FlowContext, options: CheckOptions): Promise<CheckReport>
  /**
   * Writes SQL for what a run of a check found, from the rows as they are now; runs none of it, and changes nothing. Only of
   * flows that can be repaired. A `ConfigError` where the config or a table means something else than when the run was made.
   */
  repairSql?(
    request: StoredRepairRequest,
    context: Pick<FlowContext, 'name' | 'drain' | 'abort'>,
  ): Promise<StoredRepairReport>
  /** Reads the newest feed again, whole; only of `feed`. `flow`: its key in the config. */
  verifyFeed?(flow: string, signal: AbortSignal): Promise<FeedVerification>
  /** A published feed; only of `feed`. `sequence`: its number, default the newest. */
  publishedFeed?(flow: string, sequence: number | undefined, signal: AbortSignal): Promise<PublishedFeed>
  /** The feeds that its store has, newest first, without reading their files; only of `feed`. */
  listFeeds?(flow: string, signal: AbortSignal): Promise<readonly ListedFeed[]>
  /** Where its dead letters can be looked at; left out when they go where nobody can (a topic). */
  readonly deadLetters?: readonly DeadLetterStore[]
  /** Sends dead letters through the whole flow again; left out by flows that cannot. */
  replay?(filter: LetterFilter, context: FlowContext): Promise<ReplayReport>
  /** Its options for people: plain values, names of functions, labels in place of objects. Made by `describeOptions`. */
  describe?(): unknown
  /** What would stop or slow this flow, without changing anything. */
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
  /** The least rights the flow needs, per database, as statements to run. `role` is a placeholder or a real role. */
  grants(role: string, signal: AbortSignal, options?: GrantOptions): Promise<readonly GrantList[]>
}

export interface GrantOptions {
  /** With the rights that `check --repair apply` takes, of flows that can be repaired. */
  readonly repair?: Pick<RepairOptions, 'side' | 'delete'>
}

/** The manifest of a feed, and where it and the files are. */
export interface PublishedFeed {
  readonly store: ObjectStore
  readonly object: string
}

/** A feed as its store lists it. What is in its files only `verifyFeed` knows. */
export interface ListedFeed {
  readonly sequence: number
  /** The one that readers take. */
  readonly newest: boolean
  /** Name of the manifest in its store. */
  readonly manifest: string
  /** Where, without credentials. */
  readonly store: string
  /** By the clock of the exporter, ISO 8601; this and all below are left out when the manifest cannot be read. */
  readonly publishedAt?: string
  readonly rows?: number
  readonly bytes?: number
  readonly files?: number
  /** Rows that could not be published as they are. */
  readonly rejected?: number
  /** Of an increment: sequence of the feed with all rows that it, and all in between, add to. */
  readonly addsTo?: number
  /** None: the manifest is as it was written, and every file is there with its size. */
  readonly problems: FeedVerification['problems']
}

export interface FeedVerification {
  /** Name of the manifest in its store. */
  readonly manifest: string
  /** Where, without credentials. */
  readonly store: string
  readonly rows: number
  readonly bytes: number
  readonly files: number
  /** None: every file is whole and as it was written. */
  readonly problems: readonly { readonly file: string; readonly problem: string }[]
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
   * the rows of differences are; `key` is empty where nothing identifies a row.
   */
  begun?(schemas: { readonly left: TableSchema; readonly right: TableSchema }): void
  /** Called with each difference found, as it is found. */
  difference?(difference: Difference): void
  /** Called with each finding of a check of references, as it is found. */
  finding?(finding: ReferenceFinding): void
  /** Called with how far the check is: at the start of each phase and every some thousand rows. */
  readonly progress?: ProgressListener
  /** For this many findings, the first ones, up to this many referring rows of each column are fetched. Default none. */
  readonly details?: { readonly findings: number; readonly rows: number }
  /** Between the first look and the second, in ms. Default 1000. */
  readonly settleMs?: number
  /** What to do about what differs. Default: nothing. Flows that cannot be repaired refuse it with a `ConfigError`. */
  readonly repair?: RepairOptions
  /**
   * Goes on with a run that was interrupted, from what it kept in `FlowContext.state`; a `ConfigError` where there is none,
   * and with `repair`. Starts anew, and says so, when nothing is kept or the config or a table has changed.
   */
  readonly resume?: boolean
  /** Compares a share of the rows only; of `check.tables`. */
  readonly sample?: Sample
}
