import { randomBytes } from 'node:crypto'
import type { Diagnosis } from '../../../core/diagnosis.js'
import {
  isObjectName,
  type ObjectCopier,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
  type StoreWatcher,
} from '../../../core/object-store.js'
import { checkObjectName } from '../object-errors.js'
import { type AttemptLimits, Attempts } from './attempts.js'
import type { Bucket, BucketObject, Exclusive, NewObject } from './bucket.js'
import { BucketWriter } from './bucket-writer.js'
import { CLAIM, claimed } from './claims.js'
import { diagnoseBucket } from './diagnose-bucket.js'
import { DurableBucket } from './durable-bucket.js'
import { PROBE, probeExclusive } from './probe-exclusive.js'
import { readObject } from './read-object.js'

const DELETED_TOGETHER = 8

export interface BucketStoreOptions {
  readonly system: string
  /** Of the bucket, without prefix and credentials: `s3://bucket`. */
  readonly place: string
  /** Empty, or ending in `/`. */
  readonly prefix: string
  readonly exclusive: Exclusive
  readonly limits: AttemptLimits
  /** Bytes of an object that the store copies in one request, at most. Default: it copies none. */
  readonly maxCopyBytes?: number
  /** Loads the client library. */
  connect(): Promise<Bucket>
}

/** A bucket with a prefix. */
export class BucketStore implements ObjectStore {
  readonly system: string
  readonly label: string
  readonly copier?: ObjectCopier
  readonly #options: BucketStoreOptions
  readonly #attempts: Attempts
  #bucket: Promise<DurableBucket> | undefined
  #exclusive: Promise<'condition' | 'claim'> | undefined

  constructor(options: BucketStoreOptions) {
    this.#options = options
    this.#attempts = new Attempts(options.limits)
    this.system = options.system
    this.label = `${options.place}/${options.prefix}`
    const { maxCopyBytes: maxBytes } = options
    if (maxBytes === undefined) return
    this.copier = { maxBytes, copy: (from, name, put) => this.#copy(from, name, put) }
  }

  async create(name: string, { contentType, contentEncoding, replace = false, signal }: PutOptions) {
    const key = this.#keyOf(name)
    signal.throwIfAborted()
    const bucket = await this.#connected()
    const exclusive = replace ? undefined : await this.#exclusiveBy(bucket, signal)
    const object: NewObject = {
      key,
      contentType,
      contentEncoding,
      exclusive: exclusive === 'condition',
      mark: newMark(),
    }
    const folder = this.#options.prefix
    const claim = (make: () => Promise<void>): Promise<void> =>
      exclusive === 'claim' ? claimed(bucket, { folder, name, signal }, make) : make()
    return new BucketWriter({ bucket, object, signal, claim })
  }

  async *read(name: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const key = this.#keyOf(name)
    yield* readObject(await this.#connected(), key, signal)
  }

  async list(prefix: string, signal: AbortSignal): Promise<readonly StoredObject[]> {
    const found = await this.#all(prefix, signal)
    return found
      .map(({ key, ...rest }) => ({ name: key.slice(this.#options.prefix.length), ...rest }))
      .filter(({ name }) => isObjectName(name))
      .sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  async delete(names: readonly string[], signal: AbortSignal): Promise<void> {
    const keys = names.map((name) => this.#keyOf(name))
    if (keys.length > 0) await this.#delete(keys, signal)
  }

  async sweep(prefix: string, olderThanMs: number, signal: AbortSignal): Promise<number> {
    const bucket = await this.#connected()
    const isOld = (sinceMs: number): boolean => Date.now() - sinceMs >= olderThanMs
    const uploads = (await bucket.unfinished(this.#options.prefix + prefix, signal)) ?? []
    const old = uploads.filter((upload) => isOld(upload.startedAt))
    for (const upload of old) await bucket.cancel(upload.key, upload, signal)
    const beside = [...(await this.#all(CLAIM + prefix, signal)), ...(await this.#all(PROBE, signal))]
    const stale = beside.filter((object) => isOld(object.modifiedAt)).map(({ key }) => key)
    await this.#delete(stale, signal)
    return old.length + stale.length
  }

  watch(watcher: StoreWatcher): () => void {
    return this.#attempts.watch.add(watcher)
  }

  async diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const { prefix, exclusive } = this.#options
    return diagnoseBucket({ connect: () => this.#connected(), subject: this.label, prefix, exclusive, signal })
  }

  /** Repeated it makes the same object again: nobody else has been given its name. */
  async #copy(from: string, name: string, { contentType, contentEncoding, signal }: PutOptions): Promise<void> {
    const [source, key] = [this.#keyOf(from), this.#keyOf(name)]
    signal.throwIfAborted()
    const object: NewObject = { key, contentType, contentEncoding, exclusive: false, mark: newMark() }
    await (await this.#connected()).copy(source, object, signal)
  }

  #keyOf(name: string): string {
    checkObjectName(name, `${this.system}(...)`)
    return this.#options.prefix + name
  }

  #connected(): Promise<DurableBucket> {
    const { connect, place } = this.#options
    this.#bucket ??= connect().then((bucket) => new DurableBucket(bucket, this.#attempts, place))
    return this.#bucket
  }

  async #exclusiveBy(bucket: DurableBucket, signal: AbortSignal): Promise<'condition' | 'claim'> {
    const { exclusive, prefix } = this.#options
    if (exclusive !== 'probe') return exclusive
    this.#exclusive ??= probeExclusive(bucket, prefix, signal).catch((error: unknown) => {
      this.#exclusive = undefined
      throw error
    })
    return this.#exclusive
  }

  async #all(prefix: string, signal: AbortSignal): Promise<readonly BucketObject[]> {
    const bucket = await this.#connected()
    const found: BucketObject[] = []
    let from: string | undefined
    do {
      const page = await bucket.list(this.#options.prefix + prefix, from, signal)
      found.push(...page.objects)
      from = page.next
    } while (from !== undefined)
    return found
  }

  async #delete(keys: readonly string[], signal: AbortSignal): Promise<void> {
    const bucket = await this.#connected()
    for (let at = 0; at < keys.length; at += DELETED_TOGETHER) {
      await Promise.all(keys.slice(at, at + DELETED_TOGETHER).map((key) => bucket.delete(key, signal)))
    }
  }
}

function newMark(): string {
  return randomBytes(12).toString('hex')
}
