import { randomBytes } from 'node:crypto'
import { ConfigError, ConflictError } from '../../../core/errors.js'
import type { NewObject } from './bucket.js'
import type { DurableBucket } from './durable-bucket.js'

/** How names of probes begin; no object of a feed is called so. */
export const PROBE = '.probe-'

/**
 * Writes an object that must be new, twice. A store that lets both pass, or does not know such writes, has no conditional
 * writes: some that are like S3 ignore the header without a word. The probe is deleted.
 */
export async function probeExclusive(
  bucket: DurableBucket,
  prefix: string,
  signal: AbortSignal,
): Promise<'condition' | 'claim'> {
  const key = `${prefix}${PROBE}${randomBytes(8).toString('hex')}`
  const probe = (exclusive: boolean): NewObject => ({
    key,
    contentType: 'text/plain',
    contentEncoding: undefined,
    exclusive,
    mark: randomBytes(12).toString('hex'),
  })
  const bytes = Buffer.from('lockstep')
  try {
    // Without a condition, so that what fails here are rights, not the condition.
    await bucket.put(probe(false), bytes, signal)
    await bucket.put(probe(true), bytes, signal)
    return 'claim'
  } catch (error) {
    if (error instanceof ConflictError) return 'condition'
    if (error instanceof ConditionUnknown) return 'claim'
    throw error
  } finally {
    await bucket.delete(key, signal).catch(() => undefined)
  }
}

/** What `Bucket.translate` makes of the answer that conditional writes are not implemented. */
export class ConditionUnknown extends ConfigError {
  constructor(what: string, cause: unknown) {
    super({
      code: 'store-unconditional',
      key: what,
      message: 'the store does not know something that was asked of it, such as conditional writes',
      fix: "write s3({ exclusive: 'probe' }), so that writers agree by claims where there are no conditions",
      cause,
    })
  }
}
