/**
 * A class exists only where the engine acts differently (docs/decisions/0006-errors.md). Messages name what failed,
 * where and what to do; they carry no row value and no credential, as those may hide in `cause`, which is never printed
 * whole.
 */

/** The process exit code of each class, as documented in `lockstep --help`. */
export const EXIT = {
  ok: 0,
  /** Only `check`: the two sides differ. */
  different: 1,
  config: 2,
  unavailable: 3,
  conflict: 4,
  data: 5,
  aborted: 130,
  unexpected: 70,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Base of the classes below; everything else that is thrown is a bug and stops the flow. */
export abstract class LockstepError extends Error {
  abstract readonly exitCode: ExitCode
  /** A stable, greppable word, e.g. `table-missing`. Listed in docs/errors.md. */
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** The config or the database's schema is wrong; the engine refuses to start (or stops the flow). Names key and cure. */
export class ConfigError extends LockstepError {
  readonly exitCode = EXIT.config
  /** Dotted path in the config, e.g. `flows.mirror.between`. */
  readonly key: string
  /** What to do about it, one sentence or SQL to run. */
  readonly fix: string
  /** What is wrong, without key and fix; `message` is all three. */
  readonly problem: string

  constructor(problem: { code: string; key: string; message: string; fix: string; cause?: unknown }) {
    super(problem.code, `${problem.key}: ${problem.message}\n  fix: ${problem.fix}`, { cause: problem.cause })
    this.key = problem.key
    this.fix = problem.fix
    this.problem = problem.message
  }
}

/** Connection, deadlock, full disk, credentials: the engine waits and tries again. Never a dead letter. */
export class UnavailableError extends LockstepError {
  readonly exitCode = EXIT.unavailable
}

/** Another instance moved the checkpoint: the engine reloads and restarts, a bounded number of times. */
export class ConflictError extends LockstepError {
  readonly exitCode = EXIT.conflict
}

/**
 * Another instance runs the flow: the lease is its own, and nothing that this one does is stored. Not tried again; with
 * `FlowContext.standby` the flow waits for its turn.
 */
export class FencedError extends LockstepError {
  readonly exitCode = EXIT.conflict
}

/**
 * Which lanes this instance may read has changed (a rebalance of a consumer group). Thrown by a source's iteration: the
 * engine finishes what it has, loads the checkpoints again and reads on, at once. Not a failure.
 */
export class ReassignedError extends LockstepError {
  readonly exitCode = EXIT.unexpected
}

/** Items that can never be stored as they are: the engine finds exactly the bad ones and makes them dead letters. */
export class DataError extends LockstepError {
  readonly exitCode = EXIT.data
  /** Indexes of the bad items in the batch, when the sink knows; `undefined`: bisect with `Sink.probe`. */
  readonly bad: readonly number[] | undefined

  constructor(code: string, message: string, options?: { cause?: unknown; bad?: readonly number[] }) {
    super(code, message, options)
    this.bad = options?.bad
  }
}

/** The exit code for anything thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof LockstepError ? error.exitCode : EXIT.unexpected
}
