import { randomBytes } from 'node:crypto'
import { UnavailableError } from '../../../core/errors.js'
import { objectExists } from '../object-errors.js'
import { pauseAfter } from './attempts.js'
import type { BucketObject } from './bucket.js'
import type { DurableBucket } from './durable-bucket.js'

/** How names of claims begin; no object of a feed is called so. */
export const CLAIM = '.claim-'
const TRIES = 12
/** A claim of a dead process stands in nobody's way after this, by the store's clock. */
const CLAIM_MS = 10 * 60_000
/** Whoever has taken longer than this to look around looks again. */
const HOLD_MS = 60_000

/**
 * Exclusive create for stores that have no conditional writes, but list at once what was written. A writer puts a claim
 * beside the object and lists the claims: of two writers at least one sees the other's, and whoever sees one steps back.
 * So at most one goes on; it looks whether the object is there, and makes it. A writer must not be frozen between that
 * look and the write for longer than `CLAIM_MS - HOLD_MS`.
 *
 * @param folder what comes before the name in the key.
 */
export async function claimed(
  bucket: DurableBucket,
  { folder, name, signal }: { folder: string; name: string; signal: AbortSignal },
  make: () => Promise<void>,
): Promise<void> {
  const key = `${folder}${name}`
  const prefix = `${folder}${CLAIM}${name}.`
  for (let tries = 1; tries <= TRIES; tries++) {
    await refuseExisting(bucket, key, signal)
    const claim = `${prefix}${randomBytes(8).toString('hex')}`
    await bucket.put({ ...CLAIM_OBJECT, key: claim, mark: claim }, new Uint8Array(), signal)
    const claimedMs = performance.now()
    const alone = await isAlone(bucket, { prefix, claim, signal })
    if (alone) await refuseExisting(bucket, key, signal).catch((error) => release(bucket, claim, error))
    if (alone && performance.now() - claimedMs < HOLD_MS) {
      await make()
      // When `make` failed the request may still be on its way: the claim is left to grow old.
      return release(bucket, claim)
    }
    await release(bucket, claim)
    await pauseAfter(tries, signal)
  }
  throw new UnavailableError('store-contended', `${bucket.labelOf(key)}: others claim the same name all the time`)
}

const CLAIM_OBJECT = { contentType: 'text/plain', contentEncoding: undefined, exclusive: false } as const

async function refuseExisting(bucket: DurableBucket, key: string, signal: AbortSignal): Promise<void> {
  if ((await bucket.markOf(key, signal)) !== undefined) throw objectExists(bucket.labelOf(key))
}

async function isAlone(
  bucket: DurableBucket,
  { prefix, claim, signal }: { prefix: string; claim: string; signal: AbortSignal },
): Promise<boolean> {
  const claims: BucketObject[] = []
  let from: string | undefined
  do {
    const page = await bucket.list(prefix, from, signal)
    claims.push(...page.objects.filter(({ key }) => /^[0-9a-f]{16}$/.test(key.slice(prefix.length))))
    from = page.next
  } while (from !== undefined)
  const own = claims.find(({ key }) => key === claim)
  if (own === undefined) return false
  return claims.every((other) => other === own || own.modifiedAt - other.modifiedAt > CLAIM_MS)
}

/** Best effort; what stays is swept. Throws the error it is given. */
async function release(bucket: DurableBucket, claim: string, error?: unknown): Promise<void> {
  await bucket.delete(claim, AbortSignal.timeout(RELEASE_MS)).catch(() => undefined)
  if (error !== undefined) throw error
}

const RELEASE_MS = 10_000
