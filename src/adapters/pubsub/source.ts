import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Batch, Checkpoints } from '../../core/batch.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { StreamOptions } from '../../core/stream.js'
import { type Gathered, Gatherer } from '../stream/gatherer.js'
import { SubscriberCalls } from './calls.js'
import { createSubscription } from './create.js'
import { translate } from './errors.js'
import { type Delivery, Leases } from './leases.js'
import { subscriberLink } from './link.js'
import type { Settings } from './options.js'
import { UNORDERED } from './pull.js'
import { Pulls } from './pulls.js'
import { unlessAborted } from './within.js'

/** For handing back: a server that does not answer must not hold up the end. */
const HAND_BACK_MS = 1_500
const LOOK_EVERY_MS = 50

/**
 * A subscription, read by streaming pull. Pub/Sub remembers itself what was acknowledged, so batches have no position.
 * Messages may come twice and, without ordering key, in any order.
 */
export class PubsubSource implements Source<Message> {
  readonly #settings: Settings
  readonly #options: StreamOptions
  readonly #link
  readonly #calls: SubscriberCalls
  readonly #leases: Leases
  readonly #clientId = randomUUID()
  readonly #given = new Map<Batch<Message>, readonly Delivery[]>()
  #pulls: Pulls | undefined
  #created = false
  #nextLane = 0
  #acknowledgedAt = 0

  constructor(settings: Settings, options: StreamOptions) {
    this.#settings = settings
    this.#options = options
    this.#link = subscriberLink(settings.access)
    this.#calls = new SubscriberCalls(this.#link, settings.subscription)
    this.#leases = new Leases(this.#calls, settings)
  }

  async *read(_from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    if (signal.aborted) return
    const gatherer = new Gatherer<Delivery>(this.#options.batch)
    const pulls = new Pulls({
      link: this.#link,
      calls: this.#calls,
      leases: this.#leases,
      gatherer,
      settings: this.#settings,
      lanes: this.#options.lanes,
      clientId: this.#clientId,
    })
    this.#pulls = pulls
    try {
      await unlessAborted(signal, this.#begin(pulls))
      for (;;) {
        const gathered = await gatherer.next(signal)
        if (gathered === undefined) return
        yield this.#give(gathered)
      }
    } catch (error) {
      throw this.#translate(error)
    } finally {
      this.#pulls = undefined
      await pulls.close()
      await this.#leases.handBack(gatherer.drop(), HAND_BACK_MS)
    }
  }

  async acknowledge(batch: Batch<Message>): Promise<void> {
    const deliveries = this.#given.get(batch)
    if (deliveries === undefined) throw new Error(`${this.#settings.subscription}: acknowledged what was never read`)
    try {
      await this.#calls.acknowledge(deliveries.map(({ ackId }) => ackId))
    } catch (error) {
      throw this.#translate(error)
    }
    this.#given.delete(batch)
    this.#leases.release(deliveries)
    this.#acknowledgedAt = performance.now()
    this.#pulls?.balance()
  }

  /**
   * Pub/Sub tells nobody whether something is left. This resolves when the server answers, all that came is acknowledged
   * and nothing has come for `quietMs`: what another instance holds at that time, or what the service is late with, is
   * not waited for.
   */
  async caughtUp(signal: AbortSignal): Promise<void> {
    const asked = performance.now()
    let answered = false
    for (;;) {
      signal.throwIfAborted()
      const stirredAt = this.#pulls?.stirredAt || Number.POSITIVE_INFINITY
      const quietMs = performance.now() - Math.max(asked, stirredAt, this.#acknowledgedAt)
      if (this.#leases.size === 0 && quietMs >= this.#settings.quietMs) {
        if (answered) return
        answered = await this.#answers()
      } else {
        await delay(LOOK_EVERY_MS, undefined, { signal })
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pulls?.close()
    this.#leases.close()
    this.#given.clear()
    if (this.#leases.size > 0) await this.#leases.handBackAll(HAND_BACK_MS)
    await this.#link.close()
  }

  async #begin(pulls: Pulls): Promise<void> {
    // What an earlier attempt did not store comes again.
    this.#given.clear()
    if (this.#leases.size > 0) await this.#leases.handBackAll(HAND_BACK_MS)
    if (this.#settings.create && !this.#created) await createSubscription(this.#settings)
    this.#created = true
    await pulls.open()
  }

  #give({ lane, items }: Gathered<Delivery>): Batch<Message> {
    const { lanes } = this.#options
    const published = items.map(({ message }) => message.publishedAt ?? Number.POSITIVE_INFINITY)
    const batch: Batch<Message> = {
      lane: lane === UNORDERED ? String(this.#nextLane++ % lanes) : lane,
      position: undefined,
      items: items.map(({ message }) => message),
      // The server's clock may be ahead of ours.
      unseenAt: published.reduce((oldest, at) => Math.min(oldest, at), Date.now()),
    }
    this.#given.set(batch, items)
    return batch
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#calls.describe(this.#settings.silenceMs)
      return true
    } catch (error) {
      const translated = this.#translate(error)
      // To look at the subscription may not be allowed; it is an answer.
      if (translated.code === 'pubsub-permission') return true
      throw translated
    }
  }

  #translate(error: unknown) {
    return translate(error, { kind: 'subscription', name: this.#settings.subscription, factory: 'pubsub' })
  }
}
