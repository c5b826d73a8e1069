import type { protos, v1 } from '@google-cloud/pubsub'
import { UnavailableError } from '../../core/errors.js'
import type { Gatherer } from '../stream/gatherer.js'
import type { SubscriberCalls } from './calls.js'
import { codeOf, isPassing, isSilence } from './errors.js'
import { laneOf } from './lane-of.js'
import type { Delivery, Leases } from './leases.js'
import type { Link } from './link.js'
import type { Settings } from './options.js'
import { deliveryOf } from './received.js'

/** Messages without ordering key are gathered here, so that batches are full; their lane is chosen when one is. */
export const UNORDERED = ''

/** Streams that end sooner than this are opened again at once only so many times in a row. */
const SHORT_MS = 1_000
const SHORT_STREAMS = 3
/** The server closes streams regularly; we never wait for more. */
const STREAM_MS = 1_800_000
/** The server also closes streams on which it hears nothing. */
const KEEP_ALIVE_MS = 25_000
const TICK_MS = 500
/** For what is on its way when the stream is closed. */
const CLOSE_MS = 250

type Response = protos.google.pubsub.v1.IStreamingPullResponse
type Stream = ReturnType<v1.SubscriberClient['streamingPull']>

export interface PullScope {
  readonly link: Link<v1.SubscriberClient>
  readonly calls: SubscriberCalls
  readonly leases: Leases
  readonly gatherer: Gatherer<Delivery>
  readonly settings: Settings
  readonly lanes: number
  /** Tells streams of one source from those of others. */
  readonly clientId: string
}

/** What one stream may have outstanding, and whether it is the one that asks a silent server. */
export interface PullShare {
  readonly messages: number
  readonly bytes: number
  readonly probes: boolean
}

/**
 * One streaming pull into a gatherer, reopened as often as the server closes it in passing. It ends the gatherer with an
 * error when the server refuses, or went away; what the error means is not its business.
 */
export class Pull {
  readonly #scope: PullScope
  readonly #share: PullShare
  readonly #clock: NodeJS.Timeout
  #stream: Stream | undefined
  #client: v1.SubscriberClient | undefined
  #openedAt = 0
  #spokeAt = 0
  /** Whether the server took the stream that is open. */
  #taken = false
  #shortStreams = 0
  #probing = false
  #over = false
  /** When a message came last, or a stream was opened; `performance.now()`. */
  stirredAt = 0

  constructor(scope: PullScope, share: PullShare) {
    this.#scope = scope
    this.#share = share
    this.#clock = setInterval(() => void this.#tick(), TICK_MS)
  }

  async open(): Promise<void> {
    const { link, calls, settings, clientId } = this.#scope
    const client = await link.client()
    if (this.#over) return
    const { subscription, leaseMs } = settings
    const headers = { 'x-goog-request-params': `subscription=${encodeURIComponent(subscription)}` }
    const stream = client.streamingPull({ timeout: STREAM_MS, otherArgs: { headers } })
    stream.on('metadata', () => {
      this.#taken = true
    })
    stream.on('data', (response: Response) => this.#received(response))
    stream.on('error', (error: unknown) => this.#broke(stream, error))
    stream.on('end', () => this.#broke(stream, undefined))
    stream.write({
      subscription,
      clientId,
      streamAckDeadlineSeconds: Math.round(leaseMs / 1000),
      maxOutstandingMessages: this.#share.messages,
      maxOutstandingBytes: this.#share.bytes,
    })
    this.#client = client
    this.#stream = stream
    this.#taken = false
    const now = performance.now()
    this.#openedAt = now
    this.#spokeAt = now
    this.stirredAt = now
    calls.heardAt = now
    this.balance()
  }

  /** Reads on, or stops reading, by what is held: a stream that was reopened counts afresh what it may deliver. */
  balance(): void {
    const { leases, settings } = this.#scope
    const full = leases.size >= settings.maxMessages || leases.bytes >= settings.maxBytes
    if (full && !this.#over) this.#stream?.pause()
    else this.#stream?.resume()
  }

  /** Resolves when nothing more comes. What still arrives meanwhile is gathered, too. */
  async close(): Promise<void> {
    this.#over = true
    clearInterval(this.#clock)
    const stream = this.#stream
    if (stream === undefined) return
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, CLOSE_MS)
      stream.once('end', () => {
        clearTimeout(late)
        resolve()
      })
      stream.once('error', () => {
        clearTimeout(late)
        resolve()
      })
      stream.resume()
      stream.end()
    })
    stream.cancel()
  }

  #received({ receivedMessages }: Response): void {
    const { calls, leases, gatherer, settings, lanes } = this.#scope
    const now = performance.now()
    calls.heardAt = now
    this.#taken = true
    if (!receivedMessages?.length) return
    this.stirredAt = now
    for (const received of receivedMessages) {
      const delivery = deliveryOf(received, settings.subscription, now)
      const { key } = delivery.message
      leases.add(delivery)
      gatherer.add(key === undefined ? UNORDERED : laneOf(key, lanes), delivery, delivery.bytes)
    }
    this.balance()
  }

  #broke(stream: Stream, error: unknown): void {
    if (this.#over || this.#stream !== stream) return
    this.#stream = undefined
    stream.cancel()
    this.#shortStreams = performance.now() - this.#openedAt < SHORT_MS ? this.#shortStreams + 1 : 0
    const again = this.#shortStreams === 0 || (this.#taken && this.#shortStreams <= SHORT_STREAMS)
    if (again && (error === undefined || isPassing(error))) this.#reopen()
    else this.#fail(error ?? new UnavailableError('pubsub-unavailable', 'the server closed the stream'))
  }

  #reopen(): void {
    this.open().catch((error: unknown) => this.#fail(error))
  }

  #fail(error: unknown): void {
    if (this.#over) return
    if (this.#client !== undefined && isSilence(error)) void this.#scope.link.suspect(this.#client)
    this.#scope.gatherer.end(error)
  }

  async #tick(): Promise<void> {
    const stream = this.#stream
    if (stream === undefined || this.#probing) return
    const { link, calls, settings } = this.#scope
    this.#probing = true
    try {
      const now = performance.now()
      if (now - this.#spokeAt > KEEP_ALIVE_MS) {
        stream.write({})
        this.#spokeAt = now
      }
      // A call found the connection dead: the stream is on it, too.
      if ((await link.client()) !== this.#client) this.#broke(stream, undefined)
      else if (this.#share.probes && now - calls.heardAt > settings.silenceMs) await calls.describe(settings.silenceMs)
    } catch (error) {
      // Any answer will do: a subscriber need not have the right to look at its subscription.
      if (isSilence(error)) this.#fail(new UnavailableError('pubsub-silent', this.#silence(), { cause: error }))
      else if (codeOf(error) === 'NOT_FOUND') this.#fail(error)
    } finally {
      this.#probing = false
    }
  }

  #silence(): string {
    const { settings } = this.#scope
    return `${settings.subscription}: Pub/Sub has been silent for ${settings.silenceMs} ms and does not answer`
  }
}
