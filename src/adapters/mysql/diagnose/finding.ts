import type { Diagnosis } from '../../../core/diagnosis.js'
import { ConfigError, LockstepError } from '../../../core/errors.js'

/** What `work` finds; what it throws for the user to mend is an error among the findings. */
export async function findings(
  subject: string,
  work: () => Promise<readonly Diagnosis[]>,
): Promise<readonly Diagnosis[]> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error
    if (!(error instanceof ConfigError)) return [{ level: 'error', subject, message: error.message }]
    return [{ level: 'error', subject, message: error.problem, fix: error.fix }]
  }
}
