import { z } from 'zod'
import type { RangeFailure } from '../../core/distribute.js'
import { EXIT, type ExitCode, exitCodeOf, LockstepError } from '../../core/errors.js'
import { scrub } from '../../core/secret.js'

const Code = z.custom<ExitCode>((value) => Object.values(EXIT).some((code) => code === value))

/** As it is kept with the range. */
export const Failure: z.ZodType<RangeFailure> = z.object({
  code: z.string(),
  message: z.string(),
  exitCode: Code,
})

/** What the coordinator is told. Messages of our errors hold no row value and no credential; of others only the kind is told. */
export function failureOf(error: unknown): RangeFailure {
  const exitCode = exitCodeOf(error)
  if (error instanceof LockstepError) return { code: error.code, message: scrub(error.message), exitCode }
  const name = error instanceof Error ? error.name : 'Error'
  return { code: 'unexpected', message: `${name}; its worker's log says more`, exitCode }
}
