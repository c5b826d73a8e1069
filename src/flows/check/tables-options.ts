import { ConfigError } from '../../core/errors.js'
import type { Sample } from '../../core/flow.js'

/** Throws `ConfigError`; `key` names the option. */
export function sampleOf(key: string, given: number | Sample | undefined): Sample | undefined {
  if (given === undefined) return undefined
  const sample = typeof given === 'number' ? { share: given } : given
  const { share, seed = 0 } = sample
  if (share > 0 && share < 1 && Number.isSafeInteger(seed) && seed >= 0) return sample
  throw new ConfigError({
    code: 'option-invalid',
    key,
    message: 'a sample is a share of more than 0 and less than 1, and its seed a whole number from 0 on',
    fix: 'write 0.01 for one row in a hundred, or leave it out to compare all of them',
  })
}

/** Throws `ConfigError`. */
export function checkPace(pace: { readonly targetMs?: number } | undefined): void {
  const { targetMs } = pace ?? {}
  if (targetMs === undefined || (Number.isSafeInteger(targetMs) && targetMs >= 1 && targetMs <= MOST_TARGET_MS)) return
  throw new ConfigError({
    code: 'option-invalid',
    key: 'check.tables({ pace.targetMs })',
    message: `is not a whole number of milliseconds from 1 to ${MOST_TARGET_MS}`,
    fix: 'write { targetMs: 500 }, or leave it out',
  })
}

const MOST_TARGET_MS = 3_600_000
