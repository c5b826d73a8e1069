import { ConflictError, UnavailableError } from '../../../core/errors.js'
import { type Doing, type Failed, OBJECT_DAMAGED } from '../object-errors.js'
import type { Attempts } from './attempts.js'
import { withBareCause } from './bare-cause.js'
import type { Bucket, BucketPage, NewObject, OpenedObject, Part, UnfinishedUpload, Upload } from './bucket.js'

/** A bucket whose requests have deadlines and are repeated, and whose errors are the engine's. */
export class DurableBucket {
  readonly #bucket: Bucket
  readonly #attempts: Attempts
  readonly #label: string

  /** @param label of the bucket alone, without prefix: `s3://bucket`. */
  constructor(bucket: Bucket, attempts: Attempts, label: string) {
    this.#bucket = bucket
    this.#attempts = attempts
    this.#label = label
  }

  get partBytes(): number {
    return this.#bucket.partBytes
  }

  get maxParts(): number {
    return this.#bucket.maxParts
  }

  get concurrency(): number {
    return this.#bucket.concurrency
  }

  labelOf(key: string): string {
    return `${this.#label}/${key}`
  }

  put(object: NewObject, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const putting = this.#run({ doing: 'write', key: object.key }, signal, (each) =>
      this.#bucket.put(object, bytes, each),
    )
    return this.#unlessMade(object, signal, putting)
  }

  copy(from: string, object: NewObject, signal: AbortSignal): Promise<void> {
    return this.#run({ doing: 'copy', key: object.key }, signal, async (each) => {
      if (this.#bucket.copy === undefined) throw new Error('this kind of bucket copies nothing')
      await this.#bucket.copy(from, object, each)
    })
  }

  begin(object: NewObject, signal: AbortSignal): Promise<Upload> {
    return this.#run({ doing: 'write', key: object.key }, signal, (each) => this.#bucket.begin(object, each))
  }

  part(key: string, upload: Upload, part: Part, signal: AbortSignal): Promise<void> {
    return this.#run({ doing: 'write', key }, signal, (each) => upload.part(part, each))
  }

  complete(object: NewObject, upload: Upload, parts: number, signal: AbortSignal): Promise<void> {
    let tries = 0
    const completing = this.#run({ doing: 'write', key: object.key }, signal, async (each) => {
      tries += 1
      // Some stores answer with errors of any kind for an upload that is completed already.
      if (tries > 1 && (await this.#bucket.markOf(object.key, each)) === object.mark) return
      await upload.complete(parts, each)
    })
    return this.#unlessMade(object, signal, completing)
  }

  cancel(key: string, upload: Pick<Upload, 'cancel'>, signal: AbortSignal): Promise<void> {
    return this.#run({ doing: 'cancel-upload', key }, signal, (each) => upload.cancel(each))
  }

  markOf(key: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#run({ doing: 'read', key }, signal, (each) => this.#bucket.markOf(key, each))
  }

  open(from: { key: string; byte: number; version?: string }, signal: AbortSignal): Promise<OpenedObject | undefined> {
    return this.#run({ doing: 'read', key: from.key }, signal, (each) => this.#bucket.open(from, each))
  }

  list(prefix: string, from: string | undefined, signal: AbortSignal): Promise<BucketPage> {
    return this.#run({ doing: 'list', key: prefix }, signal, (each) => this.#bucket.list(prefix, from, each))
  }

  delete(key: string, signal: AbortSignal): Promise<void> {
    return this.#run({ doing: 'delete', key }, signal, (each) => this.#bucket.delete(key, each))
  }

  unfinished(prefix: string, signal: AbortSignal): Promise<readonly UnfinishedUpload[] | undefined> {
    return this.#run({ doing: 'list-uploads', key: prefix }, signal, (each) => this.#bucket.unfinished(prefix, each))
  }

  /** What was thrown while the answer to `open` was read. */
  translateRead(error: unknown, key: string): Error {
    return this.#translate(error, { what: this.labelOf(key), doing: 'read' })
  }

  /** One request with a deadline, for what comes after its answer. */
  within<Result>(key: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.#attempts.once({ what: this.labelOf(key), signal }, work)
  }

  /** The answer to the request that made the object may have been lost; then the next one found it there. */
  async #unlessMade(object: NewObject, signal: AbortSignal, making: Promise<void>): Promise<void> {
    try {
      await making
    } catch (error) {
      const unavailable = error instanceof UnavailableError && error.code !== OBJECT_DAMAGED
      const doubtful = error instanceof ConflictError || unavailable
      if (!doubtful || signal.aborted) throw error
      const mark = await this.markOf(object.key, signal).catch(() => undefined)
      if (mark !== object.mark) throw error
    }
  }

  #translate(error: unknown, failed: Failed): Error {
    return withBareCause(this.#bucket.translate(error, failed))
  }

  #run<Result>(
    { doing, key }: { readonly doing: Doing; readonly key: string },
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const what = this.labelOf(key)
    const translate = (error: unknown): Error => this.#translate(error, { what, doing })
    return this.#attempts.run({ what, signal, translate }, work)
  }
}
