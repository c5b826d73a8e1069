import type { CompletedPart, S3Client } from '@aws-sdk/client-s3'
import type { Part, Upload } from '../bucket/bucket.js'
import { refusalOf } from './errors.js'

export type Library = typeof import('@aws-sdk/client-s3')

export interface S3UploadOptions {
  readonly library: Library
  readonly client: S3Client
  readonly at: { readonly Bucket: string; readonly Key: string; readonly UploadId: string }
  readonly exclusive: boolean
}

/** A multipart upload. */
export class S3Upload implements Upload {
  readonly #options: S3UploadOptions
  readonly #parts = new Map<number, CompletedPart>()

  constructor(options: S3UploadOptions) {
    this.#options = options
  }

  async part({ number, bytes }: Part, signal: AbortSignal): Promise<void> {
    const { library, client, at } = this.#options
    const upload = new library.UploadPartCommand({ ...at, PartNumber: number, Body: bytes })
    const { ETag, ChecksumCRC32 } = await client.send(upload, { abortSignal: signal })
    this.#parts.set(number, {
      PartNumber: number,
      ...(ETag === undefined ? {} : { ETag }),
      ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }),
    })
  }

  async complete(parts: number, signal: AbortSignal): Promise<void> {
    const { library, client, at, exclusive } = this.#options
    const Parts = Array.from({ length: parts }, (_, index) => this.#parts.get(index + 1)).filter(
      (part) => part !== undefined,
    )
    if (Parts.length !== parts) throw new Error(`${parts - Parts.length} parts of an upload are missing`)
    const condition = exclusive ? { IfNoneMatch: '*' } : {}
    const complete = new library.CompleteMultipartUploadCommand({ ...at, ...condition, MultipartUpload: { Parts } })
    await client.send(complete, { abortSignal: signal })
  }

  async cancel(signal: AbortSignal): Promise<void> {
    const { library, client, at } = this.#options
    try {
      await client.send(new library.AbortMultipartUploadCommand(at), { abortSignal: signal })
    } catch (error) {
      // Gone already, or a store that throws them away itself.
      if (!OVER.has(refusalOf(error).name)) throw error
    }
  }
}

const OVER = new Set(['NoSuchUpload', 'NotImplemented', 'MethodNotAllowed'])
