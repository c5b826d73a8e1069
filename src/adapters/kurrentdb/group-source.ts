import type { Batch, Checkpoints } from '../../core/batch.js'
import { ConfigError } from '../../core/errors.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { StreamOptions } from '../../core/stream.js'
import type { Connection } from './connection.js'
import { createGroup, groupActivity } from './group-admin.js'
import { type Delivery, GroupSession } from './group-session.js'
import type { Group, Settings } from './options.js'

/** A group that was quiet at two looks, so far apart, has handed out all there was. */
const LOOK_MS = 250

const MIN_BUFFER = 1_000

/**
 * One consumer of a persistent subscription. The server keeps the position, so batches have none; their events are
 * acknowledged when they are stored or kept as dead letters, and handed back when the source stops. Events of one stream
 * go through one lane.
 */
export class GroupSource implements Source<Message> {
  readonly #connection: Connection
  readonly #settings: Settings & { readonly group: Group }
  readonly #options: StreamOptions
  readonly #given = new Map<Batch<Message>, { readonly session: GroupSession; readonly ids: readonly string[] }>()
  #session: GroupSession | undefined

  constructor(connection: Connection, settings: Settings & { readonly group: Group }, options: StreamOptions) {
    this.#connection = connection
    this.#settings = settings
    this.#options = options
  }

  async *read(_from: Checkpoints, signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    if (signal.aborted) return
    try {
      yield* this.#read(signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async *#read(signal: AbortSignal): AsyncGenerator<Batch<Message>> {
    await this.#leave()
    const session = await this.#join(signal)
    this.#session = session
    try {
      for (;;) {
        const next = await session.next(signal)
        if (next === undefined) return
        yield this.#batch(session, ...next)
      }
    } finally {
      await session.stop()
    }
  }

  async acknowledge(batch: Batch<Message>): Promise<void> {
    const given = this.#given.get(batch)
    if (given === undefined) return
    this.#given.delete(batch)
    await given.session.acknowledge(given.ids)
  }

  async caughtUp(signal: AbortSignal): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet++) {
      signal.throwIfAborted()
      const busy = this.#given.size > 0 || (await groupActivity(this.#connection, this.#settings, signal)) > 0
      if (busy) quiet = -1
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, LOOK_MS)
        signal.addEventListener('abort', done, { once: true })
      })
    }
    signal.throwIfAborted()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave()
    await this.#connection[Symbol.asyncDispose]()
  }

  async #leave(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    this.#given.clear()
    await session?.close()
  }

  async #join(signal: AbortSignal): Promise<GroupSession> {
    try {
      return await this.#begin(signal)
    } catch (error) {
      const missing = error instanceof ConfigError && error.code === 'group-missing'
      if (!missing || !this.#settings.group.create) throw error
      await createGroup(this.#connection, this.#settings, signal)
      return this.#begin(signal)
    }
  }

  async #begin(signal: AbortSignal): Promise<GroupSession> {
    const { stream, group, connectMs } = this.#settings
    const { batch, lanes } = this.#options
    const { library } = await this.#connection.open()
    // Each lane is at a batch while the next ones are gathered.
    const bufferSize = group.bufferSize ?? Math.max(MIN_BUFFER, (lanes + 2) * batch.items)
    const exchange = await this.#connection.join({ stream, group: group.name, bufferSize }, signal)
    const session = new GroupSession({
      library,
      exchange,
      batch,
      what: `the subscription of group ${group.name} to ${stream}`,
      label: this.#connection.label,
      laneOf: (message) => this.#laneOf(message),
    })
    try {
      await session.begin(connectMs, signal)
    } catch (error) {
      exchange.cancel()
      throw error
    }
    return session
  }

  #laneOf({ stream, type }: Message): string | undefined {
    if (this.#settings.skipsSystemEvents && type?.startsWith('$')) return undefined
    return String(hash(stream) % this.#options.lanes)
  }

  #batch(session: GroupSession, lane: string, deliveries: readonly Delivery[]): Batch<Message> {
    const items = deliveries.flatMap(({ message }) => message ?? [])
    const written = items[0]?.publishedAt
    const unseenAt = written === undefined ? {} : { unseenAt: Math.min(written, Date.now()) }
    const batch = { lane, position: undefined, items, ...unseenAt }
    this.#given.set(batch, { session, ids: deliveries.map(({ ackId }) => ackId) })
    return batch
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value >>> 0
}
