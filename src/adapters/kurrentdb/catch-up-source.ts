import type { Batch, Checkpoints, Position } from '../../core/batch.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { StreamOptions } from '../../core/stream.js'
import type { Gathered } from '../stream/gatherer.js'
import type { Connection } from './connection.js'
import type { Received } from './event.js'
import { Intake } from './intake.js'
import { Log } from './log.js'
import { Marker } from './marker.js'
import type { Settings } from './options.js'
import { ALL, isAfter, type Place, placeOf, positionOf } from './place.js'
import { Progress } from './progress.js'

/** How often, at most, a stretch without events moves the position: each time costs the target a transaction. */
const CHECKPOINT_MS = 1_000

/** Between looks at the server while waiting to be caught up. */
const LOOK_MS = 100

/** An event, or only that the source came so far. */
interface Entry {
  readonly message: Message | undefined
  readonly place: Place
}

/**
 * Reads `$all` or one stream in its order, as one lane that is named like the stream. A batch's position is that of its
 * last event; a stretch in which nothing passes the filter moves it too, by batches without items.
 */
export class CatchUpSource implements Source<Message> {
  readonly #connection: Connection
  readonly #settings: Settings
  readonly #options: StreamOptions
  readonly #log: Log
  readonly #progress = new Progress()

  constructor(connection: Connection, settings: Settings, options: StreamOptions) {
    this.#connection = connection
    this.#settings = settings
    this.#options = options
    this.#log = new Log(connection, settings)
  }

  async *read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    if (signal.aborted) return
    try {
      yield* this.#read(from, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async *#read(from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    const saved = from.get(this.#settings.stream)
    const start = saved === undefined ? await this.#firstStart(signal) : await this.#savedStart(saved, signal)
    this.#progress.reset(start)
    // So that a flow that is stopped before its first event begins here again, not at a later end.
    if (saved === undefined && start !== undefined) yield this.#batch([], start)
    const intake = await this.#subscribe(start, signal)
    try {
      for (;;) {
        const gathered = await intake.next(signal)
        if (gathered === undefined) return
        yield this.#batchOf(gathered)
      }
    } finally {
      intake.cancel()
    }
  }

  async acknowledge({ position }: Batch<Message>): Promise<void> {
    if (position !== undefined) this.#progress.advance(placeOf(position, this.#settings.stream))
  }

  async caughtUp(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const end = await this.#log.last(signal)
    while (end !== undefined) {
      const { place } = this.#progress
      if (place !== undefined && !isAfter(end, place)) return
      const next = await this.#log.firstAfter(place, signal)
      // Between here and the end there may be nothing that passes the filter.
      if (next === undefined || isAfter(next, end)) return
      const looked = performance.now()
      await this.#progress.reach(next, signal)
      await elapsed(looked + LOOK_MS, signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
  }

  async #savedStart(saved: Position, signal: AbortSignal): Promise<Place> {
    const place = placeOf(saved, this.#settings.stream)
    await this.#log.verify(place, signal)
    return place
  }

  async #firstStart(signal: AbortSignal): Promise<Place | undefined> {
    const { from, stream } = this.#settings
    const last = await this.#log.last(signal)
    if (last === undefined && stream !== ALL) {
      const message = `${this.#connection.label}: there is no event in ${stream} yet; waiting for one`
      this.#options.notice({ level: 'warn', code: 'stream-empty', message })
    }
    return from === 'end' ? last : undefined
  }

  async #subscribe(start: Place | undefined, signal: AbortSignal): Promise<Intake<Entry>> {
    const { stream, filter, resolveLinks, connectMs } = this.#settings
    const read = { stream, from: start ?? 'start', count: 'subscribe', filter, resolveLinks } as const
    const incoming = await this.#connection.subscribe(read, signal)
    const doing = { what: `the subscription to ${stream}`, label: this.#connection.label, redelivered: false }
    const intake = new Intake<Entry>(incoming, this.#options.batch, doing)
    try {
      await intake.begin(this.#taker(intake), connectMs, signal)
    } catch (error) {
      intake.cancel()
      throw error
    }
    return intake
  }

  #taker(intake: Intake<Entry>): (received: Received) => void {
    const { stream, skipsSystemEvents } = this.#settings
    const marker = new Marker(CHECKPOINT_MS, (place) => intake.add(stream, { message: undefined, place }, 0))
    return (received) => {
      if (received.kind === 'checkpoint' && stream === ALL) marker.moved(received.all)
      if (received.kind !== 'event') return
      const place = this.#log.placeOf(received)
      const { message } = received
      if (message === undefined || (skipsSystemEvents && message.type?.startsWith('$'))) {
        marker.moved(place)
        return
      }
      marker.passed()
      intake.add(stream, { message, place }, message.body.length + (message.metadata?.length ?? 0))
    }
  }

  #batchOf({ items }: Gathered<Entry>): Batch<Message> {
    const messages: Message[] = []
    for (const { message } of items) if (message !== undefined) messages.push(message)
    return this.#batch(messages, items.at(-1)?.place)
  }

  #batch(items: readonly Message[], place: Place | undefined): Batch<Message> {
    const { stream } = this.#settings
    const position = place === undefined ? undefined : positionOf(place, stream)
    const written = items[0]?.publishedAt
    const batch = { lane: stream, position, items }
    // The server's clock may be ahead of ours.
    return written === undefined ? batch : { ...batch, unseenAt: Math.min(written, Date.now()) }
  }
}

async function elapsed(at: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.max(0, at - performance.now()))
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
}
