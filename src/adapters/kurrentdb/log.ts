import { ConfigError } from '../../core/errors.js'
import type { Connection } from './connection.js'
import type { Received } from './event.js'
import type { Settings } from './options.js'
import { ALL, isAfter, type Place } from './place.js'
import type { Read } from './requests.js'

type Event = Received & { readonly kind: 'event' }

/** Looks into the stream, beside the subscription. */
export class Log {
  readonly #connection: Connection
  readonly #settings: Settings

  constructor(connection: Connection, settings: Settings) {
    this.#connection = connection
    this.#settings = settings
  }

  /** Where the last event is, whatever its type; `undefined`: there is none, or no such stream. */
  async last(signal: AbortSignal): Promise<Place | undefined> {
    const read: Read = { ...this.#read('end', 1), backwards: true, filter: undefined, resolveLinks: false }
    return this.#placeOf(await this.#connection.read(read, signal))
  }

  /** Where the first event after `place` is that passes the filter. */
  async firstAfter(place: Place | undefined, signal: AbortSignal): Promise<Place | undefined> {
    if (place === undefined) return this.#placeOf(await this.#connection.read(this.#read('start', 1), signal))
    // A read begins with the place itself, when something is there that passes the filter.
    const found = await this.#connection.read(this.#read(place, 2), signal)
    return this.#placeOf(
      found.filter((received) => received.kind === 'event' && isAfter(this.placeOf(received), place)),
    )
  }

  placeOf(event: Event): Place {
    return this.#settings.stream === ALL ? event.all : event.revision
  }

  /** Throws a `ConfigError` when the saved position is of another server, or of a time that a restore undid. */
  async verify(saved: Place, signal: AbortSignal): Promise<void> {
    const { stream } = this.#settings
    const last = await this.last(signal)
    if (last !== undefined && !isAfter(saved, last)) return
    throw new ConfigError({
      code: 'position-lost',
      key: this.#connection.label,
      message: `the saved position is behind the end of ${stream}: the server was restored or is another, or the stream was deleted`,
      fix: 'Make sure that the url is right; then give the flow another name, or delete its checkpoint, to read from the start.',
    })
  }

  #read(from: Read['from'], count: number): Read {
    const { stream, filter, resolveLinks } = this.#settings
    return { stream, from, count, filter, resolveLinks }
  }

  #placeOf(all: readonly Received[]): Place | undefined {
    const event = all.find((received): received is Event => received.kind === 'event')
    return event === undefined ? undefined : this.placeOf(event)
  }
}
