import type { Message } from '../../core/message.js'
import type { BatchLimits } from '../../core/stream.js'
import type { Exchange } from './connection.js'
import type { Received } from './event.js'
import { Intake } from './intake.js'
import type { Library } from './library.js'
import { ackRequest } from './requests.js'

/** An event of a persistent subscription; without `message` it only has to be acknowledged. */
export interface Delivery {
  readonly message: Message | undefined
  readonly ackId: string
}

export interface SessionSettings {
  readonly library: Library
  readonly exchange: Exchange
  readonly batch: BatchLimits
  readonly what: string
  readonly label: string
  /** The lane that a message goes to; `undefined` leaves it out. */
  laneOf(message: Message): string | undefined
}

/** Ids in one request: the server's limit for a message is far greater. */
const IDS = 500

/** Waiting for the server to have read what was written last. */
const CLOSE_MS = 2_000

/**
 * One connection of a consumer to its group. It outlives the iteration that reads from it, as what was given out is
 * acknowledged later. When it ends, the server gives what was not acknowledged to other consumers at once. It is not
 * told so before (`nack`): it would give it to this consumer again, and count a delivery more.
 */
export class GroupSession {
  readonly #settings: SessionSettings
  readonly #intake: Intake<Delivery>
  /** What the server waits for an answer for. */
  readonly #held = new Set<string>()
  /** Of these, how many are with the flow. */
  #given = 0
  #reading = true
  #over = false

  constructor(settings: SessionSettings) {
    this.#settings = settings
    this.#intake = new Intake(settings.exchange, settings.batch, { ...settings, redelivered: true })
    const lost = () => {
      this.#over = true
    }
    settings.exchange.on('error', lost).on('end', lost)
  }

  async begin(connectMs: number, signal: AbortSignal): Promise<void> {
    await this.#intake.begin((received) => this.#take(received), connectMs, signal)
  }

  async next(signal: AbortSignal): Promise<readonly [lane: string, deliveries: readonly Delivery[]] | undefined> {
    const gathered = await this.#intake.next(signal)
    if (gathered === undefined) return undefined
    this.#given += gathered.items.length
    return [gathered.lane, gathered.items]
  }

  /** What is acknowledged after the connection was lost is given out again by the server, and no harm done. */
  async acknowledge(ids: readonly string[]): Promise<void> {
    this.#given -= ids.length
    if (this.#over) return
    this.#done(ids)
    if (!this.#reading && this.#given === 0) await this.close()
  }

  /** The iteration is over: nothing more is taken, and what was given out is waited for. */
  async stop(): Promise<void> {
    this.#reading = false
    this.#intake.halt()
    if (this.#given === 0) await this.close()
  }

  async close(): Promise<void> {
    this.#intake.halt()
    if (this.#over) return
    this.#over = true
    const { exchange } = this.#settings
    const ended = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSE_MS)
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      exchange.once('end', done).once('error', done)
    })
    exchange.end()
    // Read on, or its end would wait behind what is still coming.
    exchange.resume()
    await ended
    exchange.cancel()
  }

  #take(received: Received): void {
    if (received.kind !== 'event') return
    const { message, ackId } = received
    // The server's patience is over before ours: it comes again, and one answer does for both.
    if (this.#held.has(ackId)) return
    this.#held.add(ackId)
    const lane = message === undefined ? undefined : this.#settings.laneOf(message)
    if (message === undefined || lane === undefined) this.#done([ackId])
    else this.#intake.add(lane, { message, ackId }, message.body.length + (message.metadata?.length ?? 0))
  }

  #done(ids: readonly string[]): void {
    const { exchange, library } = this.#settings
    for (const id of ids) this.#held.delete(id)
    for (let at = 0; at < ids.length; at += IDS) exchange.write(ackRequest(library, ids.slice(at, at + IDS)))
  }
}
