import { EXIT, type ExitCode } from '../core/errors.js'
import type { CheckReport } from '../core/flow.js'

/** From good to bad. A config that cannot work outranks a database that may come back. */
const SEVERITY: readonly ExitCode[] = [
  EXIT.ok,
  EXIT.different,
  EXIT.aborted,
  EXIT.unavailable,
  EXIT.conflict,
  EXIT.data,
  EXIT.config,
  EXIT.unexpected,
]

/** What a comparison that came to its end exits with. */
export const VERDICT_EXIT: Readonly<Record<CheckReport['verdict'], ExitCode>> = {
  same: EXIT.ok,
  different: EXIT.different,
  unverified: EXIT.unavailable,
}

/** The exit code of a command that did several things. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  const rank = Math.max(0, ...codes.map((code) => SEVERITY.indexOf(code)))
  return SEVERITY[rank] ?? EXIT.unexpected
}

export const EXIT_CODES_HELP = `Exit codes:
  0    done; check, and run of check flows: the two sides are the same
  1    check, and run of check flows: the two sides differ
  2    the command line, the config or a database's schema is wrong
  3    a database could not be reached; a check could not tell (unverified)
  4    another instance runs the same flow
  5    items that can never be stored stopped a flow
  70   unexpected: a bug in lockstep
  130  stopped at once by a second signal
  With several flows the worst counts: 70, 2, 5, 4, 3, 130, 1, 0.`
