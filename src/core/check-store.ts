import type { CheckReport, ReferenceFinding, Sample } from './check-report.js'
import type { Difference } from './difference.js'
import type { ExitCode } from './errors.js'
import type { Row } from './table.js'

/** One run of a check, as it is kept. Its findings are asked for apart, as there may be many. */
export interface CheckRun {
  /** Names the run among all flows of a database; short enough to be typed. */
  readonly id: string
  readonly flow: string
  /** What was compared, by the config of that time. */
  readonly subject: CheckSubject
  readonly state: CheckRunState
  /** ISO 8601, UTC, by the clock of the process that ran it. */
  readonly startedAt: string
  /** `undefined`: it has not ended, or nobody told. */
  readonly endedAt: string | undefined
  /** `undefined`: it has not ended, or it failed. */
  readonly report: CheckReport | undefined
  /** Of a run that ended: what the command exits with. */
  readonly exitCode: ExitCode | undefined
  /** Of a run that failed: code and message, without row values. */
  readonly error: { readonly code: string; readonly message: string } | undefined
  readonly found: FoundCounts
}

/**
 * `finished`: there is a report, whatever its verdict. `failed`: an error ended it. `interrupted`: it never ended, and
 * nothing was heard of it for a minute: its process is gone.
 */
export type CheckRunState = 'running' | 'finished' | 'failed' | 'interrupted'

/** How much a run has found (so far). */
export interface FoundCounts {
  /** By kind; kinds of which there are none may be left out. */
  readonly byKind: Readonly<Partial<Record<FindingKind, number>>>
  /** How many of them are kept. */
  readonly kept: number
}

export type FindingKind = Difference['kind'] | ReferenceFinding['kind']

/** Two tables, or a stored number and its references. Labels carry no credentials; filters and queries are the SQL of the config. */
export type CheckSubject =
  | {
      readonly kind: 'tables'
      readonly left: CheckedSource
      readonly right: CheckedSource
      readonly sample?: Sample
    }
  | {
      readonly kind: 'references'
      /** `count`, `sum(bytes)` */
      readonly of: string
      readonly master: CheckedSource
      readonly references: readonly CheckedSource[]
    }

/** A table, a column or a query that was read. */
export interface CheckedSource {
  /** `postgres://host:5432/app public.records` */
  readonly label: string
  /** SQL that says which rows of it. */
  readonly where?: string
  /** The whole SELECT, where it is a query. */
  readonly query?: string
}

/** A row that differs, or a stored number that is wrong, as it is kept. */
export type CheckFinding = RowFinding | NumberFinding

export interface RowFinding {
  readonly about: 'row'
  readonly kind: Difference['kind']
  /** Values of the key columns; none where nothing identifies a row. */
  readonly key: Row
  /** Names of the columns that differ, where both sides have the row. */
  readonly columns: readonly string[]
  /** Only of `copies`: how many each side has. */
  readonly copies?: { readonly left: number; readonly right: number }
  /** The rows, in the order of the report's `columns`; kept on demand only, long values cut. */
  readonly left?: Row
  readonly right?: Row
}

export interface NumberFinding {
  readonly about: 'number'
  readonly kind: ReferenceFinding['kind']
  readonly key: string
  readonly expected: string | null
  /** `undefined`: there is no such row. */
  readonly stored: string | null | undefined
  readonly sources: readonly { readonly name: string; readonly value: string | null }[]
}

export type StoredFinding = CheckFinding & {
  /** 1, 2, 3, ... in the order in which they were found. */
  readonly number: number
}

/** A run that begins. */
export type NewCheckRun = Pick<CheckRun, 'id' | 'flow' | 'subject' | 'startedAt'>

/** How a run ended. */
export type EndedCheckRun = Pick<CheckRun, 'report' | 'exitCode' | 'error' | 'found'> & { readonly endedAt: string }

export interface RunPage {
  /** Default: runs of all flows. */
  readonly flow?: string
  /** Default 50. */
  readonly limit?: number
  /** The last run of the page before. */
  readonly before?: Pick<CheckRun, 'id' | 'startedAt'>
}

export interface FindingPage {
  /** Default: all. */
  readonly kinds?: readonly FindingKind[]
  /** Default 100. */
  readonly limit?: number
  /** `number` of the last finding of the page before. */
  readonly after?: number
}

/**
 * Runs of checks and what they found. The contract suite is `test/contracts/check-store.ts`. Who writes has prepared the
 * state tables; reading never does, and tables that are not there yet hold nothing.
 */
export interface CheckStore {
  /** Keeps a run as `running`, and of its flow the newest `keepRuns` with it. Repeatable. */
  begin(run: NewCheckRun, keepRuns: number): Promise<void>
  /** Adds findings, all or none; those with a number it has already are the same ones again. Also a sign of life. */
  add(id: string, findings: readonly StoredFinding[]): Promise<void>
  /** Says that the run goes on. At least every 20 s, or others take it for interrupted. */
  alive(id: string, found: FoundCounts): Promise<void>
  /** Repeatable; the last one counts. */
  end(id: string, ended: EndedCheckRun): Promise<void>
  /** Newest first, by `startedAt`, then `id`. */
  list(page?: RunPage): Promise<readonly CheckRun[]>
  get(id: string): Promise<CheckRun | undefined>
  /** In the order in which they were found. */
  findings(id: string, page?: FindingPage): Promise<readonly StoredFinding[]>
}
