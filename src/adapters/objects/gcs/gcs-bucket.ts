import { createHash, randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { objectMissing } from '../../../core/object-store.js'
import type { Bucket, BucketPage, NewObject, OpenedObject, Upload } from '../bucket/bucket.js'
import { objectReplaced } from '../object-errors.js'
import { answered, bucketMissing, isBucketMissing, refusalOf, translate } from './errors.js'
import type { GcsClient } from './gcs-client.js'
import { GcsUpload } from './gcs-upload.js'

export interface GcsBucketOptions {
  readonly client: GcsClient
  readonly partBytes: number
  /** Of an object, for people. */
  labelOf(key: string): string
}

/** Metadata of an object, by which its maker knows it again. */
const MARK = 'lockstep-mark'
/** All parts of a resumable upload but the last are multiples of it. */
const UNIT = 262_144
/** Of an object, by Google. */
export const MAX_BYTES = 5 * 1024 ** 4

const Page = z.object({
  nextPageToken: z.string().optional(),
  items: z.array(z.object({ name: z.string(), size: z.coerce.number(), timeCreated: z.string() })).default([]),
})
const Rewritten = z.object({ done: z.boolean(), rewriteToken: z.string().optional() })
const Marked = z.object({ metadata: z.record(z.string(), z.string()).optional() })

export class GcsBucket implements Bucket {
  readonly partBytes: number
  readonly maxParts: number
  /** The parts of a resumable upload come in order. */
  readonly concurrency = 1
  readonly translate = translate
  readonly #options: GcsBucketOptions

  constructor(options: GcsBucketOptions) {
    this.#options = options
    this.partBytes = Math.ceil(options.partBytes / UNIT) * UNIT
    this.maxParts = Math.floor(MAX_BYTES / this.partBytes)
  }

  /** One request with two parts: what is to be known of the object, and its bytes. */
  async put(object: NewObject, bytes: Uint8Array): Promise<void> {
    const boundary = randomBytes(16).toString('hex')
    // Google compares it with what came.
    const metadata = { ...resourceOf(object), md5Hash: createHash('md5').update(bytes).digest('base64') }
    const part = (type: string): string => `--${boundary}\r\ncontent-type: ${type}\r\n\r\n`
    const head = `${part('application/json')}${JSON.stringify(metadata)}\r\n${part(object.contentType)}`
    const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
    const headers = { 'content-type': `multipart/related; boundary=${boundary}` }
    const uri = this.#options.client.uploadAddress({ uploadType: 'multipart', ...conditionOf(object) })
    await this.#options.client.ask({ method: 'POST', uri, headers, body })
  }

  async begin(object: NewObject): Promise<Upload> {
    const { client, labelOf } = this.#options
    const { headers } = await client.ask({
      method: 'POST',
      uri: client.uploadAddress({ uploadType: 'resumable', ...conditionOf(object) }),
      headers: { 'content-type': 'application/json', 'x-upload-content-type': object.contentType },
      body: JSON.stringify(resourceOf(object)),
    })
    const { location } = headers
    if (location === undefined) throw new Error('the store began an upload without an address')
    return new GcsUpload({ client, uri: location, what: labelOf(object.key), objectUri: client.addressOf(object.key) })
  }

  /** Within a bucket no bytes move, so one request is enough as a rule; Google says when it is not. */
  async copy(from: string, object: NewObject): Promise<void> {
    const { client, labelOf } = this.#options
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(resourceOf(object))
    let token: string | undefined
    do {
      const uri = client.rewriteAddress(from, object.key, token === undefined ? {} : { rewriteToken: token })
      const answer = await this.#unlessMissing(() => client.ask({ method: 'POST', uri, headers, body }))
      if (answer === undefined) throw objectMissing(labelOf(from), undefined)
      const { done, rewriteToken } = Rewritten.parse(answer.body)
      token = done ? undefined : rewriteToken
    } while (token !== undefined)
  }

  async markOf(key: string): Promise<string | undefined> {
    const { client } = this.#options
    const uri = client.addressOf(key, { fields: 'metadata' })
    const answer = await this.#unlessMissing(() => client.ask({ method: 'GET', uri }))
    return answer === undefined ? undefined : (Marked.parse(answer.body).metadata?.[MARK] ?? '')
  }

  async open({
    key,
    byte,
    version,
  }: {
    key: string
    byte: number
    version?: string
  }): Promise<OpenedObject | undefined> {
    const { client, labelOf } = this.#options
    const condition: Record<string, string> = version === undefined ? {} : { ifGenerationMatch: version }
    // Google would unpack what is gzipped, were it not for the first one.
    const headers: Record<string, string> = {
      'accept-encoding': 'gzip',
      ...(byte === 0 ? {} : { range: `bytes=${byte}-` }),
    }
    const answer = await client.open(client.addressOf(key, { alt: 'media', ...condition }), headers)
    if (answer.status === 200 || answer.status === 206) return opened(answer, byte)
    const text = await textOf(answer.stream)
    if (answer.status === 404 && isBucketMissing(text)) throw bucketMissing(labelOf(key), new Error(text))
    if (answer.status === 404) return undefined
    if (answer.status === 412) throw objectReplaced(labelOf(key), new Error(text))
    // All of it had been read when the connection was lost.
    if (answer.status === 416) return { body: nothing(), bytes: byte, version: version ?? '' }
    throw answered(answer.status, text)
  }

  async list(prefix: string, from: string | undefined): Promise<BucketPage> {
    const { client } = this.#options
    const fields = 'nextPageToken,items(name,size,timeCreated)'
    const position: Record<string, string> = from === undefined ? {} : { pageToken: from }
    const { body } = await client.ask({
      method: 'GET',
      uri: client.addressOf(undefined, { prefix, fields, ...position }),
    })
    const { items, nextPageToken } = Page.parse(body)
    const objects = items.map(({ name, size, timeCreated }) => ({
      key: name,
      bytes: size,
      modifiedAt: Date.parse(timeCreated),
    }))
    return { objects, next: nextPageToken }
  }

  async delete(key: string): Promise<void> {
    const { client } = this.#options
    await this.#unlessMissing(() => client.ask({ method: 'DELETE', uri: client.addressOf(key) }))
  }

  /** Google throws away itself, after a week, what was never ended. */
  async unfinished(): Promise<undefined> {
    return undefined
  }

  async #unlessMissing<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work()
    } catch (error) {
      const { status, text } = refusalOf(error)
      if (status === 404 && !isBucketMissing(text)) return undefined
      throw error
    }
  }
}

function resourceOf({ key, contentType, contentEncoding, mark }: NewObject) {
  const encoding = contentEncoding === undefined ? {} : { contentEncoding }
  return { name: key, contentType, ...encoding, metadata: { [MARK]: mark } }
}

function conditionOf({ exclusive }: NewObject): Record<string, string> {
  return exclusive ? { ifGenerationMatch: '0' } : {}
}

function opened(
  { headers, stream }: { headers: Readonly<Record<string, string>>; stream: Readable },
  byte: number,
): OpenedObject {
  const length = Number(headers['x-goog-stored-content-length'] ?? byte + Number(headers['content-length'] ?? 0))
  return { body: stream, bytes: length, version: headers['x-goog-generation'] ?? '' }
}

/** Of an error: it is short. */
async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8', 0, 1_000)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
