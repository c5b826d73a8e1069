import { UnavailableError } from '../../core/errors.js'
import type { Outcome, Program } from './program.js'

/** Waits for a program that must end with one of `codes`; another end is an error with what it said. */
export async function ran(program: Program, what: string, codes: readonly number[] = [0]): Promise<Outcome> {
  const outcome = await program.ended
  const { exitCode, log } = outcome
  if (exitCode !== null && codes.includes(exitCode)) return outcome
  throw new UnavailableError('demo-process-ended', `${what} ended with ${exitCode ?? 'a signal'}:\n${log}`)
}
