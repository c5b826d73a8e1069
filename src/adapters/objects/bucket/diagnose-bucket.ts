import type { Diagnosis } from '../../../core/diagnosis.js'
import { ConfigError, LockstepError } from '../../../core/errors.js'
import type { Exclusive } from './bucket.js'
import type { DurableBucket } from './durable-bucket.js'
import { PROBE, probeExclusive } from './probe-exclusive.js'

interface Diagnosing {
  connect(): Promise<DurableBucket>
  readonly subject: string
  readonly prefix: string
  readonly exclusive: Exclusive
  readonly signal: AbortSignal
}

/** Does once what each right is needed for, so that none is missed only when a feed is published. */
export async function diagnoseBucket(diagnosing: Diagnosing): Promise<readonly Diagnosis[]> {
  const { subject } = diagnosing
  try {
    const warnings = await look(diagnosing)
    return warnings.length > 0
      ? warnings
      : [{ level: 'ok', subject, message: 'can be listed, read, written and deleted from' }]
  } catch (error) {
    if (error instanceof ConfigError) return [{ level: 'error', subject, message: error.problem, fix: error.fix }]
    if (error instanceof LockstepError) return [{ level: 'error', subject, message: error.message }]
    throw error
  }
}

async function look({ connect, subject, prefix, exclusive, signal }: Diagnosing): Promise<readonly Diagnosis[]> {
  const bucket = await connect()
  await bucket.list(prefix, undefined, signal)
  await bucket.unfinished(prefix, signal)
  const found = await probeExclusive(bucket, prefix, signal)
  // Of an object that is not there: the probe is, and hides that it could not be deleted.
  const nothing = `${prefix}${PROBE}none`
  await bucket.open({ key: nothing, byte: 0 }, signal)
  await bucket.delete(nothing, signal)
  const warnings: Diagnosis[] = []
  if (found === 'claim' && exclusive !== 'claim') {
    const message =
      'ignores conditional writes (If-None-Match); the manifest is made exclusive by claims, which takes more requests'
    warnings.push({ level: exclusive === 'probe' ? 'warn' : 'error', subject, message })
  }
  return warnings
}
