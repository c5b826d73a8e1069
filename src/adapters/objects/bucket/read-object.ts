import { UnavailableError } from '../../../core/errors.js'
import { objectMissing } from '../../../core/object-store.js'
import { objectReplaced } from '../object-errors.js'
import { pauseAfter } from './attempts.js'
import type { OpenedObject } from './bucket.js'
import type { DurableBucket } from './durable-bucket.js'

/** In a row, without a byte between them. */
const MAX_FAILURES = 8

/** The bytes of an object; a connection that is lost is taken up again where it was, in the same version of the object. */
export async function* readObject(bucket: DurableBucket, key: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let byte = 0
  let version: string | undefined
  for (let failures = 0; ; ) {
    const opened = await bucket.open({ key, byte, ...(version === undefined ? {} : { version }) }, signal)
    if (opened === undefined) throw objectMissing(bucket.labelOf(key), undefined)
    // Not every store heeds the condition.
    if (version !== undefined && opened.version !== version) throw replaced(bucket.labelOf(key), opened)
    version = opened.version
    const chunks = opened.body[Symbol.asyncIterator]()
    let lost: unknown
    try {
      for (;;) {
        const chunk = await next(bucket, key, { chunks, signal })
        if ('lost' in chunk) {
          lost = chunk.lost
          break
        }
        if (chunk.done === true) break
        byte += chunk.value.length
        failures = 0
        yield chunk.value
      }
    } finally {
      // Closes the connection when there is more to come; it may never answer.
      void chunks.return?.().catch(() => undefined)
    }
    if (lost === undefined && byte >= opened.bytes) return
    failures += 1
    lost ??= new UnavailableError('store-unavailable', `${bucket.labelOf(key)}: the answer ended too early`)
    if (!(lost instanceof UnavailableError) || failures > MAX_FAILURES) throw lost
    await pauseAfter(failures, signal)
  }
}

function replaced(what: string, { body }: OpenedObject): Error {
  void body[Symbol.asyncIterator]()
    .return?.()
    .catch(() => undefined)
  return objectReplaced(what, undefined)
}

interface Chunks {
  readonly chunks: AsyncIterator<Uint8Array>
  readonly signal: AbortSignal
}

async function next(
  bucket: DurableBucket,
  key: string,
  { chunks, signal }: Chunks,
): Promise<IteratorResult<Uint8Array, unknown> | { readonly lost: Error }> {
  try {
    return await bucket.within(key, signal, () => chunks.next())
  } catch (error) {
    if (signal.aborted) throw signal.reason
    return { lost: bucket.translateRead(error, key) }
  }
}
