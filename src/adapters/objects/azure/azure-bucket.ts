import { createHash } from 'node:crypto'
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import { objectMissing } from '../../../core/object-store.js'
import type { Bucket, BucketPage, NewObject, OpenedObject, Upload } from '../bucket/bucket.js'
import { objectReplaced } from '../object-errors.js'
import { refusalOf, translate } from './errors.js'

export interface AzureBucketOptions {
  readonly client: ContainerClient
  readonly partBytes: number
  /** Of an object, for people. */
  labelOf(key: string): string
}

/** Metadata of a blob, by which its maker knows it again; such names have no hyphens. */
const MARK = 'lockstepmark'
/** Blocks of a blob, by Azure. */
const MAX_PARTS = 50_000
const CONCURRENCY = 3
/** How often it is asked whether a copy is done. */
const POLL_MS = 200
const MISSING = new Set(['BlobNotFound', 'ResourceNotFound'])

export class AzureBucket implements Bucket {
  readonly partBytes: number
  readonly maxParts = MAX_PARTS
  readonly concurrency = CONCURRENCY
  readonly translate = translate
  readonly #options: AzureBucketOptions

  constructor(options: AzureBucketOptions) {
    this.#options = options
    this.partBytes = options.partBytes
  }

  async put(object: NewObject, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { blobHTTPHeaders, ...rest } = optionsOf(object)
    await this.#blob(object.key).upload(bytes, bytes.length, {
      ...rest,
      // Azure compares it with what came.
      blobHTTPHeaders: { ...blobHTTPHeaders, blobContentMD5: md5(bytes) },
      abortSignal: signal,
    })
  }

  async begin(object: NewObject): Promise<Upload> {
    const blob = this.#blob(object.key)
    // Blocks of several writers of one name lie side by side; the mark tells them apart.
    const idOf = (number: number): string =>
      Buffer.from(`${object.mark}-${String(number).padStart(5, '0')}`).toString('base64')
    return {
      part: async ({ number, bytes }, signal) => {
        const checked = { transactionalContentMD5: md5(bytes), abortSignal: signal }
        await blob.stageBlock(idOf(number), bytes, bytes.length, checked)
      },
      complete: async (parts, signal) => {
        const ids = Array.from({ length: parts }, (_, index) => idOf(index + 1))
        await blob.commitBlockList(ids, { ...optionsOf(object), abortSignal: signal })
      },
      // Blocks that no list names are thrown away by Azure.
      cancel: async () => undefined,
    }
  }

  /** Within an account no bytes move as a rule; Azure says when they do. */
  async copy(from: string, object: NewObject, signal: AbortSignal): Promise<void> {
    const [source, blob] = [this.#blob(from), this.#blob(object.key)]
    const { blobHTTPHeaders, metadata } = optionsOf(object)
    try {
      const copying = await blob.beginCopyFromURL(source.url, { metadata, abortSignal: signal, intervalInMs: POLL_MS })
      await copying.pollUntilDone()
    } catch (error) {
      const { code, status } = refusalOf(error)
      const missing = MISSING.has(code) || (code === 'CannotVerifyCopySource' && status === 404)
      throw missing ? objectMissing(this.#options.labelOf(from), error) : error
    }
    const { contentType, contentEncoding } = await blob.getProperties({ abortSignal: signal })
    if (contentType === object.contentType && contentEncoding === object.contentEncoding) return
    await blob.setHTTPHeaders(blobHTTPHeaders, { abortSignal: signal })
  }

  async markOf(key: string, signal: AbortSignal): Promise<string | undefined> {
    try {
      return (await this.#blob(key).getProperties({ abortSignal: signal })).metadata?.[MARK] ?? ''
    } catch (error) {
      if (MISSING.has(refusalOf(error).code)) return undefined
      throw error
    }
  }

  async open(
    { key, byte, version }: { key: string; byte: number; version?: string },
    signal: AbortSignal,
  ): Promise<OpenedObject | undefined> {
    const conditions = version === undefined ? {} : { ifMatch: version }
    try {
      const download = { abortSignal: signal, conditions, maxRetryRequests: 0 }
      const answer = await this.#blob(key).download(byte, undefined, download)
      if (answer.readableStreamBody === undefined) throw new Error('the store answered without a body')
      const body = buffers(answer.readableStreamBody)
      return { body, bytes: byte + (answer.contentLength ?? 0), version: answer.etag ?? '' }
    } catch (error) {
      const { code, status } = refusalOf(error)
      if (MISSING.has(code)) return undefined
      if (status === 412) throw objectReplaced(this.#options.labelOf(key), error)
      // All of it had been read when the connection was lost.
      if (status === 416) return { body: buffers([]), bytes: byte, version: version ?? '' }
      throw error
    }
  }

  async list(prefix: string, from: string | undefined, signal: AbortSignal): Promise<BucketPage> {
    const pages = this.#options.client
      .listBlobsFlat({ prefix, abortSignal: signal })
      .byPage(from === undefined ? {} : { continuationToken: from })
    const { value, done } = await pages.next()
    if (done === true) return { objects: [], next: undefined }
    const objects = value.segment.blobItems.map(({ name, properties }) => ({
      key: name,
      bytes: properties.contentLength ?? 0,
      modifiedAt: properties.lastModified.getTime(),
    }))
    return { objects, next: value.continuationToken === '' ? undefined : value.continuationToken }
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    await this.#blob(key).deleteIfExists({ abortSignal: signal })
  }

  /** Azure throws away itself, after a week, what was never committed. */
  async unfinished(): Promise<undefined> {
    return undefined
  }

  #blob(key: string): BlockBlobClient {
    return this.#options.client.getBlockBlobClient(key)
  }
}

function optionsOf({ contentType, contentEncoding, exclusive, mark }: NewObject) {
  const encoding = contentEncoding === undefined ? {} : { blobContentEncoding: contentEncoding }
  return {
    blobHTTPHeaders: { blobContentType: contentType, ...encoding },
    metadata: { [MARK]: mark },
    ...(exclusive ? { conditions: { ifNoneMatch: '*' } } : {}),
  }
}

function md5(bytes: Uint8Array): Uint8Array {
  return createHash('md5').update(bytes).digest()
}

async function* buffers(chunks: AsyncIterable<unknown> | readonly unknown[]): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) if (chunk instanceof Uint8Array) yield chunk
}
