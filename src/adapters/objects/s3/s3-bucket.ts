import { Readable } from 'node:stream'
import type { ListMultipartUploadsCommand, ListMultipartUploadsCommandOutput, S3Client } from '@aws-sdk/client-s3'
import { objectMissing } from '../../../core/object-store.js'
import type { Bucket, BucketPage, NewObject, OpenedObject, UnfinishedUpload, Upload } from '../bucket/bucket.js'
import { type Failed, objectReplaced } from '../object-errors.js'
import { refusalOf, translate } from './errors.js'
import { type Library, S3Upload } from './s3-upload.js'

export interface S3BucketOptions {
  readonly library: Library
  readonly client: S3Client
  readonly bucket: string
  /** Of the store, for what it says of rights. */
  readonly prefix: string
  readonly partBytes: number
  /** Of an object, for people. */
  labelOf(key: string): string
}

/** Metadata of an object, by which its maker knows it again. */
const MARK = 'lockstep-mark'
const MISSING = new Set(['NoSuchKey', 'NotFound'])
/** Of parts, by S3. */
const MAX_PARTS = 10_000
const CONCURRENCY = 3

export class S3Bucket implements Bucket {
  readonly partBytes: number
  readonly maxParts = MAX_PARTS
  readonly concurrency = CONCURRENCY
  readonly #options: S3BucketOptions

  constructor(options: S3BucketOptions) {
    this.#options = options
    this.partBytes = options.partBytes
  }

  translate(error: unknown, failed: Failed): Error {
    return translate(error, failed, this.#options)
  }

  async put(object: NewObject, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { library, client } = this.#options
    const condition = object.exclusive ? { IfNoneMatch: '*' } : {}
    const put = new library.PutObjectCommand({ ...this.#headersOf(object), ...condition, Body: bytes })
    await client.send(put, { abortSignal: signal })
  }

  async begin(object: NewObject, signal: AbortSignal): Promise<Upload> {
    const { library, client, bucket } = this.#options
    const created = await client.send(new library.CreateMultipartUploadCommand(this.#headersOf(object)), {
      abortSignal: signal,
    })
    if (created.UploadId === undefined) throw new Error('the store began an upload without an id')
    const at = { Bucket: bucket, Key: object.key, UploadId: created.UploadId }
    return new S3Upload({ library, client, at, exclusive: object.exclusive })
  }

  async copy(from: string, object: NewObject, signal: AbortSignal): Promise<void> {
    const { library, client, bucket, labelOf } = this.#options
    const source = [bucket, ...from.split('/')].map(encodeURIComponent).join('/')
    const headers = { ...this.#headersOf(object), CopySource: source, MetadataDirective: 'REPLACE' } as const
    try {
      await client.send(new library.CopyObjectCommand(headers), { abortSignal: signal })
    } catch (error) {
      throw MISSING.has(refusalOf(error).name) ? objectMissing(labelOf(from), error) : error
    }
  }

  async markOf(key: string, signal: AbortSignal): Promise<string | undefined> {
    const { library, client, bucket } = this.#options
    try {
      const head = new library.HeadObjectCommand({ Bucket: bucket, Key: key })
      return (await client.send(head, { abortSignal: signal })).Metadata?.[MARK] ?? ''
    } catch (error) {
      if (MISSING.has(refusalOf(error).name)) return undefined
      throw error
    }
  }

  async open(
    { key, byte, version }: { key: string; byte: number; version?: string },
    signal: AbortSignal,
  ): Promise<OpenedObject | undefined> {
    const { library, client, bucket } = this.#options
    const range = byte === 0 ? {} : { Range: `bytes=${byte}-` }
    const condition = version === undefined ? {} : { IfMatch: version }
    const get = new library.GetObjectCommand({ Bucket: bucket, Key: key, ...range, ...condition })
    try {
      const { Body, ContentLength, ETag } = await client.send(get, { abortSignal: signal })
      if (!(Body instanceof Readable)) throw new Error('the store answered without a body')
      return { body: Body, bytes: byte + (ContentLength ?? 0), version: ETag ?? '' }
    } catch (error) {
      const { name, status } = refusalOf(error)
      if (MISSING.has(name)) return undefined
      if (status === 412) throw objectReplaced(this.#options.labelOf(key), error)
      // All of it had been read when the connection was lost.
      if (status === 416) return { body: nothing(), bytes: byte, version: version ?? '' }
      throw error
    }
  }

  async list(prefix: string, from: string | undefined, signal: AbortSignal): Promise<BucketPage> {
    const { library, client, bucket } = this.#options
    const position = from === undefined ? {} : { ContinuationToken: from }
    const list = new library.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...position })
    const { Contents = [], NextContinuationToken } = await client.send(list, { abortSignal: signal })
    const objects = Contents.flatMap(({ Key, Size = 0, LastModified }) =>
      Key === undefined ? [] : [{ key: Key, bytes: Size, modifiedAt: LastModified?.getTime() ?? 0 }],
    )
    return { objects, next: NextContinuationToken }
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    const { library, client, bucket } = this.#options
    await client.send(new library.DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal })
  }

  async unfinished(prefix: string, signal: AbortSignal): Promise<readonly UnfinishedUpload[] | undefined> {
    const { library, client, bucket } = this.#options
    const found: UnfinishedUpload[] = []
    let from: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
    try {
      while (from !== undefined) {
        const list: ListMultipartUploadsCommand = new library.ListMultipartUploadsCommand({
          Bucket: bucket,
          Prefix: prefix,
          ...from,
        })
        const page: ListMultipartUploadsCommandOutput = await client.send(list, { abortSignal: signal })
        for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
          if (Key === undefined || UploadId === undefined) continue
          const at = { Bucket: bucket, Key, UploadId }
          const upload = new S3Upload({ library, client, at, exclusive: false })
          const cancel = (each: AbortSignal) => upload.cancel(each)
          found.push({ key: Key, startedAt: Initiated?.getTime() ?? Date.now(), cancel })
        }
        from = page.IsTruncated === true ? markersOf(page) : undefined
      }
      return found
    } catch (error) {
      if (refusalOf(error).name === 'NotImplemented') return undefined
      throw error
    }
  }

  #headersOf({ key, contentType, contentEncoding, mark }: NewObject) {
    return {
      Bucket: this.#options.bucket,
      Key: key,
      ContentType: contentType,
      Metadata: { [MARK]: mark },
      ...(contentEncoding === undefined ? {} : { ContentEncoding: contentEncoding }),
    }
  }
}

function markersOf(page: { NextKeyMarker?: string | undefined; NextUploadIdMarker?: string | undefined }) {
  const { NextKeyMarker, NextUploadIdMarker } = page
  return {
    ...(NextKeyMarker === undefined ? {} : { KeyMarker: NextKeyMarker }),
    ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
