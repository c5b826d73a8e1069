import { PassThrough, pipeline, Readable } from 'node:stream'
import type { Storage } from '@google-cloud/storage'
import { z } from 'zod'

export interface GcsRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Whole. */
  readonly uri: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

export interface GcsAnswer {
  readonly status: number
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>
  /** Read as JSON where it is. */
  readonly body: unknown
}

const Answer = z.object({ statusCode: z.number(), headers: z.record(z.string(), z.string()) })
/** What the client throws for every answer that is not 2xx: also for 308, which says that an upload goes on. */
const Refused = z.object({ code: z.number(), response: Answer })

/**
 * The requests of Google's client, with its credentials, once each. It heeds no signal and does not notice that an answer
 * is cut in the middle; deadlines end such requests, its own and those of the store.
 */
export class GcsClient {
  readonly #storage: Storage
  readonly #bucket: string

  constructor(storage: Storage, bucket: string) {
    this.#storage = storage
    this.#bucket = bucket
  }

  /** Of an object; without a key, of the list of all. */
  addressOf(key: string | undefined, query: Readonly<Record<string, string>> = {}): string {
    const object = key === undefined ? '' : `/${encodeURIComponent(key)}`
    return `${this.#storage.apiEndpoint}/storage/v1/b/${this.#bucket}/o${object}${search(query)}`
  }

  /** Of the request that makes an object of another one. */
  rewriteAddress(from: string, to: string, query: Readonly<Record<string, string>>): string {
    return `${this.addressOf(from)}/rewriteTo/b/${this.#bucket}/o/${encodeURIComponent(to)}${search(query)}`
  }

  uploadAddress(query: Readonly<Record<string, string>>): string {
    return `${this.#storage.apiEndpoint}/upload/storage/v1/b/${this.#bucket}/o${search(query)}`
  }

  /** @param expected answers beside 2xx that are no error; such a one has no body. */
  ask(request: GcsRequest, expected: readonly number[] = []): Promise<GcsAnswer> {
    return new Promise((resolve, reject) => {
      const { uri, method, headers = {}, body } = request
      const options = { uri, method, headers: { ...headers }, ...(body === undefined ? {} : { body }) }
      this.#storage.request(options, (error: unknown, answered: unknown, response: unknown) => {
        const { success, data } = Refused.safeParse(error)
        if (success && expected.includes(data.code)) {
          resolve({ status: data.code, headers: data.response.headers, body: undefined })
        } else if (error !== null && error !== undefined) {
          reject(error)
        } else {
          const { statusCode, headers: answeredHeaders } = Answer.parse(response)
          resolve({ status: statusCode, headers: answeredHeaders, body: answered })
        }
      })
    })
  }

  /** The answer as it comes, whatever its status; the body is not unpacked. */
  open(uri: string, headers: Readonly<Record<string, string>>): Promise<GcsAnswer & { readonly stream: Readable }> {
    return new Promise((resolve, reject) => {
      const asked = this.#storage.requestStream({ uri, method: 'GET', headers: { ...headers } })
      asked.on('error', reject)
      asked.on('response', (response: unknown) => {
        const { statusCode, headers: answered } = Answer.parse(response)
        if (!(response instanceof Readable)) return reject(new Error('the store answered without a body'))
        const stream = pipeline(response, new PassThrough(), () => undefined)
        resolve({ status: statusCode, headers: answered, body: undefined, stream })
      })
      // It has the same bytes once more, and must not be waited for.
      asked.resume()
    })
  }
}

function search(query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString()
  return text === '' ? '' : `?${text}`
}
