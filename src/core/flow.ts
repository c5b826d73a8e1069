import type { Database, TableRef } from './database.js'
import type { DeadLetterStore, LetterFilter } from './dead-letter.js'
import type { Diagnosis, GrantList } from './diagnosis.js'
import type { Difference } from './difference.js'
import type { ObjectStore } from './object-store.js'
import type { Observer } from './observer.js'
import type { ProgressListener } from './progress.js'
import type { RepairOptions, RepairReport } from './repair.js'
import type { Schedule } from './schedule.js'
import type { Row, TableSchema } from './table.js'

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
  /** Runs until drained, finished or failed. Throws a `LockstepError` of the class that decides the exit code. */
  run(context: FlowContext): Promise<void>
  /** Compares and reports, changing nothing; left out by flows that have nothing to compare. */
  check?(context: FlowContext, options: CheckOptions): Promise<CheckReport>
  /** Reads the newest feed again, whole; only of `feed`. `flow`: its key in the config. */
  verifyFeed?(flow: string, signal: AbortSignal): Promise<FeedVerification>
  /** A published feed; only of `feed`. `sequence`: its number, default the newest. */
  publishedFeed?(flow: string, sequence: number | undefined, signal: AbortSignal): Promise<PublishedFeed>
  /** Where its dead letters can be looked at; left out when they go where nobody can (a topic). */
  readonly deadLetters?: readonly DeadLetterStore[]
  /** Sends dead letters through the whole flow again; left out by flows that cannot. */
  replay?(filter: LetterFilter, context: FlowContext): Promise<ReplayReport>
  /** What would stop or slow this flow, without changing anything. */
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
  /** The least rights the flow needs, per database, as statements to run. `role` is a placeholder or a real role. */
  grants(role: string, signal: AbortSignal): Promise<readonly GrantList[]>
}

/** The manifest of a feed, and where it and the files are. */
export interface PublishedFeed {
  readonly store: ObjectStore
  readonly object: string
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
   * the rows of differences are.
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
  /** Compares a share of the rows only; of `check.tables`. */
  readonly sample?: Sample
}

/** A share of the key space: the same rows on both sides, and the same ones in every run with this seed. */
export interface Sample {
  /** More than 0, less than 1: 0.01 is one row in a hundred. */
  readonly share: number
  /** Which of the shares: 0, 1, 2, ... are other rows each, until all have been had. Default 0. */
  readonly seed?: number
}

export type CheckReport = TablesReport | ReferencesReport

/** What a comparison of two tables found. */
export interface TablesReport {
  readonly kind: 'tables'
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
  /** Of tables without a key: different rows of which the sides have not as many copies. Left out for other tables. */
  readonly copies?: number
  /** Only this share was compared: `rows` and the verdict are of it. Left out when all was. */
  readonly sample?: Required<Sample>
  /** Rows sent over the network, both sides together. */
  readonly fetchedRows: number
  readonly durationMs: number
  /** What the comparison left out because one side cannot hold it, such as microseconds; a sentence each. */
  readonly notes?: readonly string[]
  /** What was done about it, where it was asked for. */
  readonly repair?: RepairReport
}

/** What a comparison of stored numbers with recounted ones found. */
export interface ReferencesReport {
  readonly kind: 'references'
  readonly verdict: 'same' | 'different' | 'unverified'
  /** `of: sum('bytes')` is `sum`. */
  readonly of: 'count' | 'sum' | 'max' | 'min'
  readonly master: { readonly label: string; readonly key: string; readonly rows: number }
  /** Columns that refer to it, in the order of the config. `keys`: different ones found there. */
  readonly references: readonly { readonly label: string; readonly name: string; readonly keys: number }[]
  /** Of all columns together: how many references there are, or their sum; `undefined` for a greatest or least value. */
  readonly total: number | undefined
  /** The stored number is not what its references come to. */
  readonly mismatch: number
  /** A number is stored and nothing refers to the row. */
  readonly unreferenced: number
  /** Something refers to a row that is not there. */
  readonly orphan: number
  /** Changed between all looks, not judged. */
  readonly unstable: number
  /** Age of the oldest snapshot when it was given back, in ms: so long the servers kept old rows for it. */
  readonly snapshotMs: number
  readonly durationMs: number
  /** What was done about it, where it was asked for. */
  readonly repair?: RepairReport
}

/** One key whose stored number is wrong. Two looks with some time between them saw just this. */
export interface ReferenceFinding {
  readonly kind: 'mismatch' | 'unreferenced' | 'orphan' | 'unstable'
  readonly key: string
  /** What its references come to. */
  readonly expected: string | null
  /** What the master row holds; `undefined`: there is no such row. */
  readonly stored: string | null | undefined
  /** Columns that refer to the key. `rows` where details were asked for: those that have it, some of them. */
  readonly sources: readonly ReferenceSource[]
}

export interface ReferenceSource {
  /** `public.message_data.body` */
  readonly name: string
  readonly value: string | null
  /** What identifies a row there, and its values for some rows, at most as many as asked for. */
  readonly rowKey: readonly string[]
  readonly rows?: readonly Row[]
}
