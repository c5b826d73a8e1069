import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Part, Upload } from '../bucket/bucket.js'
import { objectDamaged, uploadGone } from '../object-errors.js'
import { refusalOf } from './errors.js'
import type { GcsAnswer, GcsClient } from './gcs-client.js'

export interface GcsUploadOptions {
  readonly client: GcsClient
  /** Of the upload. */
  readonly uri: string
  /** The object, for people. */
  readonly what: string
  /** Of the object that will be. */
  readonly objectUri: string
}

const Made = z.object({ generation: z.string(), md5Hash: z.string() })
/** The upload goes on. */
const MORE = 308
/** What Google answers when an upload was taken back. */
const CANCELLED = 499
const GONE = new Set([404, 410])

/**
 * A resumable upload: parts in order, of which Google may keep less than it was sent; whoever does not know how much asks.
 * The end of the object is sent when it is completed, as the object is there from then on.
 */
export class GcsUpload implements Upload {
  readonly #options: GcsUploadOptions
  readonly #md5 = createHash('md5')
  /** Where the next part begins. */
  #start = 0
  /** How much Google is known to have; `undefined` after a request without a good answer. */
  #kept: number | undefined = 0
  #rest: Uint8Array = new Uint8Array()

  constructor(options: GcsUploadOptions) {
    this.#options = options
  }

  async part({ bytes, last }: Part, signal: AbortSignal): Promise<void> {
    if (last) {
      this.#rest = bytes
      return
    }
    const end = this.#start + bytes.length
    let kept = await this.#known(signal)
    while (kept < end) {
      const some = bytes.subarray(kept - this.#start)
      kept = keptOf(await this.#send(`bytes ${kept}-${end - 1}/*`, some, signal))
      this.#kept = kept
    }
    this.#md5.update(bytes)
    this.#start = end
  }

  async complete(_parts: number, signal: AbortSignal): Promise<void> {
    const total = this.#start + this.#rest.length
    let kept = await this.#known(signal, total)
    while (kept !== 'made') {
      const some = this.#rest.subarray(kept - this.#start)
      const range = some.length === 0 ? `bytes */${total}` : `bytes ${kept}-${total - 1}/${total}`
      kept = await this.#madeOr(await this.#send(range, some, signal))
    }
  }

  async cancel(): Promise<void> {
    const { client, uri } = this.#options
    await client.ask({ method: 'DELETE', uri, headers: { 'content-length': '0' } }, [CANCELLED, ...GONE])
  }

  /** @param total of all bytes, when no more are to come; then the object may have been made already. */
  #known(signal: AbortSignal): Promise<number>
  #known(signal: AbortSignal, total: number): Promise<number | 'made'>
  async #known(signal: AbortSignal, total?: number): Promise<number | 'made'> {
    if (this.#kept !== undefined) return this.#kept
    const answer = await this.#send(`bytes */${total ?? '*'}`, new Uint8Array(), signal)
    const kept = total === undefined ? keptOf(answer) : await this.#madeOr(answer)
    // A store that has lost what it said to have kept cannot be helped with this part.
    if (kept !== 'made' && kept < this.#start) throw uploadGone(this.#options.what, undefined)
    if (kept !== 'made') this.#kept = kept
    return kept
  }

  async #send(range: string, bytes: Uint8Array, signal: AbortSignal): Promise<GcsAnswer> {
    const { client, uri, what } = this.#options
    this.#kept = undefined
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const headers = { 'content-range': range, 'content-length': String(bytes.length) }
    try {
      const answer = await client.ask({ method: 'PUT', uri, headers, body }, [MORE])
      // An attempt that was given up must not count what the next one counts.
      signal.throwIfAborted()
      return answer
    } catch (error) {
      if (GONE.has(refusalOf(error).status ?? 0)) throw uploadGone(what, error)
      throw error
    }
  }

  async #madeOr(answer: GcsAnswer): Promise<number | 'made'> {
    if (answer.status === MORE) return keptOf(answer)
    const { generation, md5Hash } = Made.parse(answer.body)
    const { client, objectUri, what } = this.#options
    const sent = this.#md5.copy().update(this.#rest).digest('base64')
    if (sent === md5Hash) return 'made'
    const uri = `${objectUri}?ifGenerationMatch=${generation}`
    await client.ask({ method: 'DELETE', uri }).catch(() => undefined)
    throw objectDamaged(what)
  }
}

/** `bytes=0-1048575`; without it, nothing. */
function keptOf({ headers }: GcsAnswer): number {
  const end = /^bytes=0-(\d+)$/.exec(headers['range'] ?? '')?.[1]
  return end === undefined ? 0 : Number(end) + 1
}
