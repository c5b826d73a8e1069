import type { Diagnosis, GrantList } from './diagnosis.js'
import { type ExitCode, LockstepError } from './errors.js'
import type { Secret } from './secret.js'

/** How the work of a flow is shared out among processes, as the config says it. */
export interface DistributeOptions {
  /**
   * The PostgreSQL database whose job queue the ranges go through: `env('QUEUE_URL')`. The rows that differ pass through it
   * too, until the coordinator has taken them. Needs the package `graphile-worker`.
   */
  readonly postgres: string | Secret
  /** Into how many ranges of its key a table is cut, at most. Default 16; four for each worker is a good number. */
  readonly ranges?: number
  /** How often a range may fail, the loss of its worker included, before the run fails. Default 4. */
  readonly attempts?: number
  /** A worker that has not been heard of for so long has lost its range to another one, in ms. Default 15000. */
  readonly leaseMs?: number
  /** How long the coordinator waits while no worker does anything, in ms. Default 600000. */
  readonly waitMs?: number
  /** How long the snapshot that all ranges are read in is held, in ms; later ones are read at their own moments. Default 600000. */
  readonly snapshotMs?: number
}

/** The same with its defaults. */
export interface Distribute extends Required<Omit<DistributeOptions, 'postgres'>> {
  readonly postgres: Secret
}

/** A flow whose work is done range by range, by whichever process takes one. */
export interface RangedWork {
  /** Equal in processes whose configs say the same of the flow. Addresses are not part of it. */
  readonly fingerprint: string
  /**
   * Does one range; may be called again for the same one, also while another process still believes to be at it. What it
   * answers is small, JSON, and without rows. Throws what the coordinator is to be told.
   */
  work(job: RangeJob, context: RangeContext): Promise<unknown>
}

export interface RangeContext {
  /** The flow's key in the config. */
  readonly name: string
  /** Aborts when the range is given back or was lost to another worker: what is being done then counts for nothing. */
  readonly signal: AbortSignal
}

export interface RangeJob {
  readonly index: number
  /** What the coordinator said of the range; JSON. */
  readonly task: unknown
  /** Keeps what was found, JSON, for the coordinator, in pieces of a size that the queue takes. Nothing of it counts until the range is done. */
  found(items: Iterable<unknown>): Promise<void>
}

/** A range that has been done. */
export interface DoneRange {
  readonly index: number
  /** What `RangedWork.work` answered. */
  readonly result: unknown
  /** What identifies the process that did it. */
  readonly worker: string
}

/** How the ranges of a run stand. */
export interface RangesState {
  readonly done: number
  readonly running: number
  readonly of: number
  /** Names of workers that would not take a range, as their config says something else of the flow. */
  readonly refusedBy: readonly string[]
}

export interface RangeRequest extends Pick<Distribute, 'attempts' | 'leaseMs' | 'waitMs'> {
  readonly flow: string
  readonly fingerprint: string
  /** What is said of each range, by its index. */
  readonly tasks: ReadonlyMap<number, unknown>
}

/**
 * Ranges of flows, waiting to be done. `begin` and `resume` are for a coordinator, `serve` for a worker; both may be
 * anywhere.
 */
export interface RangeQueue extends AsyncDisposable {
  /** Puts the ranges into the queue. What a coordinator of the same flow that is gone has left is removed. */
  begin(request: RangeRequest, signal: AbortSignal): Promise<RangeRun>
  /** Goes on with some ranges of a run; those that are done stay done. `undefined`: there is no such run any more. */
  resume(run: string, request: RangeRequest, signal: AbortSignal): Promise<RangeRun | undefined>
  /**
   * Takes ranges and does them, until it is told to stop or, with `once`, there are none. A queue that is away is waited for,
   * from the start on; with `once` for a minute, then the `UnavailableError` is thrown.
   */
  serve(options: ServeOptions): Promise<Served>
  /** What would keep a coordinator or a worker from using it; changes nothing. */
  diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]>
  /** The least rights of a coordinator, and of a worker. */
  grants(role: string, signal: AbortSignal): Promise<GrantList>
}

/** The coordinator's hold on what it has put into the queue. */
export interface RangeRun {
  readonly id: string
  /**
   * The ranges of the request as they are done; ends when all are. Throws `RangesError` when one has failed for good, or when
   * no worker does anything for too long.
   */
  done(watch: RunWatch): AsyncIterable<DoneRange>
  /** Has ranges that are done done again, by other tasks; `resume` goes on with them. What came of them before counts no longer. */
  again(tasks: ReadonlyMap<number, unknown>, signal: AbortSignal): Promise<void>
  /** What was found in a range that is done, in pieces. */
  found(index: number, signal: AbortSignal): AsyncIterable<readonly unknown[]>
  /** Takes the ranges that are not done out of the queue; those that are can be gone on with. */
  cancel(): Promise<void>
  /** Removes all that there is of it. */
  end(): Promise<void>
}

export interface RunWatch {
  readonly signal: AbortSignal
  /** Called when something has changed. */
  told(state: RangesState): void
}

export interface ServeOptions {
  /** Of this process, for messages: host and process id. */
  readonly name: string
  /** By the flow's key in the config. */
  readonly flows: ReadonlyMap<string, RangedWork>
  /** Ranges at a time. */
  readonly concurrency: number
  /** Stop when there is nothing to take. */
  readonly once: boolean
  /** Gives back what it has, and takes nothing more. */
  readonly drain: AbortSignal
  told(event: ServeEvent): void
}

/** What a worker tells of itself. */
export type ServeEvent =
  | { readonly type: 'taken' | 'done' | 'returned' | 'lost'; readonly flow: string; readonly range: number }
  | { readonly type: 'failed'; readonly flow: string; readonly range: number; readonly error: Error }
  /** The coordinator's config says something else of the flow. Once for each run. */
  | { readonly type: 'refused'; readonly flow: string; readonly run: string }
  /** The queue cannot be reached; it is tried again. Once each time that it goes away. */
  | { readonly type: 'unavailable'; readonly error: Error }

export interface Served {
  readonly done: number
  readonly failed: number
  readonly refused: number
}

/** Why a range failed, as its worker told it. */
export interface RangeFailure {
  readonly code: string
  readonly message: string
  readonly exitCode: ExitCode
}

/** The ranges of a run cannot be done, so it has no verdict. The exit code is that of what failed last. */
export class RangesError extends LockstepError {
  readonly exitCode: ExitCode

  constructor(code: string, message: string, options: { readonly exitCode: ExitCode }) {
    super(code, message)
    this.exitCode = options.exitCode
  }
}
