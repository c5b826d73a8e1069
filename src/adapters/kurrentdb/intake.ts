import { UnavailableError } from '../../core/errors.js'
import type { BatchLimits } from '../../core/stream.js'
import { type Gathered, Gatherer } from '../stream/gatherer.js'
import type { Incoming } from './connection.js'
import { type Doing, translate } from './errors.js'
import type { Received } from './event.js'
import { within } from './within.js'

/** What a message counts beside its bytes: its names, id and numbers. */
const OVERHEAD_BYTES = 200

/** Batches that may wait while others are being stored. */
const AHEAD = 2

export interface IntakeSettings extends Doing {
  /** After a loss the server gives everything out again: what waits is dropped, not to be stored twice. */
  readonly redelivered: boolean
}

/**
 * Gathers what a subscription brings and holds the server back while enough is waiting: the stream is paused, and the
 * windows of HTTP/2 do the rest.
 */
export class Intake<Item> {
  readonly #incoming: Incoming
  readonly #limits: BatchLimits
  readonly #doing: IntakeSettings
  readonly #gatherer: Gatherer<Item>
  #confirm: (() => void) | undefined
  #refuse: ((error: Error) => void) | undefined
  #closed = false

  constructor(incoming: Incoming, limits: BatchLimits, doing: IntakeSettings) {
    this.#incoming = incoming
    this.#limits = limits
    this.#doing = doing
    this.#gatherer = new Gatherer(limits)
  }

  /**
   * Resolves when the server has accepted the subscription; throws its refusal. `take` is called with each thing
   * received, and adds what it makes of it.
   */
  async begin(take: (received: Received) => void, ms: number, signal: AbortSignal): Promise<void> {
    const confirmed = new Promise<void>((resolve, reject) => {
      this.#confirm = resolve
      this.#refuse = reject
    })
    this.#incoming.on('error', (error) => this.#end(translate(error, this.#doing)))
    this.#incoming.on('end', () => this.#end(this.#ended()))
    this.#incoming.on('data', (received: Received) => this.#receive(received, take))
    await within({ ...this.#doing, ms, signal }, confirmed)
  }

  add(lane: string, item: Item, bytes: number): void {
    if (this.#closed) return
    this.#gatherer.add(lane, item, bytes + OVERHEAD_BYTES)
  }

  /** As `Gatherer.next`. */
  async next(signal: AbortSignal): Promise<Gathered<Item> | undefined> {
    const gathered = await this.#gatherer.next(signal)
    if (!this.#isFull() && this.#incoming.isPaused()) this.#incoming.resume()
    return gathered
  }

  /** Nothing more is received, and what nobody took is dropped. */
  halt(): void {
    this.#closed = true
    this.#incoming.pause()
    this.#gatherer.drop()
  }

  cancel(): void {
    this.#closed = true
    this.#incoming.cancel()
  }

  #receive(received: Received, take: (received: Received) => void): void {
    if (this.#closed) return
    if (received.kind === 'confirmation') this.#confirm?.()
    else take(received)
    if (this.#isFull()) this.#incoming.pause()
  }

  #isFull(): boolean {
    const { waitingItems, waitingBytes } = this.#gatherer
    return waitingItems >= AHEAD * this.#limits.items || waitingBytes >= AHEAD * this.#limits.bytes
  }

  #end(error: Error): void {
    this.#refuse?.(error)
    if (this.#closed) return
    this.#closed = true
    if (this.#doing.redelivered) this.#gatherer.drop()
    this.#gatherer.end(error)
  }

  #ended(): UnavailableError {
    const { label, what } = this.#doing
    return new UnavailableError('subscription-ended', `${label}: the server ended ${what}`)
  }
}
