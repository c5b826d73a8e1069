import { DataError } from '../../../core/errors.js'
import type { ObjectWriter } from '../../../core/object-store.js'
import type { NewObject, Part, Upload } from './bucket.js'
import type { DurableBucket } from './durable-bucket.js'
import { PartBuffer } from './part-buffer.js'

export interface BucketTarget {
  readonly bucket: DurableBucket
  readonly object: NewObject
  readonly signal: AbortSignal
  /** Makes the object by calling back, once nobody else can make it. */
  claim(make: () => Promise<void>): Promise<void>
}

const CANCEL_MS = 10_000

/** A small object is one request at the commit; of a larger one the parts are sent as they fill. */
export class BucketWriter implements ObjectWriter {
  readonly #target: BucketTarget
  readonly #buffer: PartBuffer
  readonly #inFlight: Promise<void>[] = []
  #upload: Upload | undefined
  #parts = 0
  #over = false

  constructor(target: BucketTarget) {
    this.#target = target
    this.#buffer = new PartBuffer(target.bucket.partBytes)
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#target.signal.throwIfAborted()
    for (const part of this.#buffer.add(bytes)) await this.#send(part, false)
  }

  async commit(): Promise<void> {
    const { bucket, object, signal } = this.#target
    signal.throwIfAborted()
    const rest = this.#buffer.rest()
    if (this.#upload === undefined) {
      await this.#target.claim(() => bucket.put(object, rest, signal))
    } else {
      const upload = this.#upload
      if (rest.length > 0) await this.#send(rest, true)
      await this.#settle()
      await this.#target.claim(() => bucket.complete(object, upload, this.#parts, signal))
    }
    this.#over = true
  }

  async abort(): Promise<void> {
    if (this.#over) return
    this.#over = true
    await Promise.allSettled(this.#inFlight)
    const { bucket, object } = this.#target
    if (this.#upload === undefined) return
    await bucket.cancel(object.key, this.#upload, AbortSignal.timeout(CANCEL_MS)).catch(() => undefined)
  }

  async #send(bytes: Uint8Array, last: boolean): Promise<void> {
    const { bucket, object, signal } = this.#target
    if (this.#parts === bucket.maxParts) throw tooLarge(bucket, object)
    this.#upload ??= await bucket.begin(object, signal)
    if (this.#inFlight.length >= bucket.concurrency) await this.#inFlight.shift()
    this.#parts += 1
    const part: Part = { number: this.#parts, bytes, last }
    const sending = bucket.part(object.key, this.#upload, part, signal)
    // It is awaited in its turn; a failure before that is not unhandled.
    sending.catch(() => undefined)
    this.#inFlight.push(sending)
  }

  async #settle(): Promise<void> {
    for (const sending of this.#inFlight) await sending
    this.#inFlight.length = 0
  }
}

function tooLarge(bucket: DurableBucket, { key }: NewObject): DataError {
  const limit = bucket.partBytes * bucket.maxParts
  const message = `${bucket.labelOf(key)} would have more than ${limit} bytes; begin new files earlier (rotate.bytes), or raise partBytes`
  return new DataError('object-too-large', message)
}
