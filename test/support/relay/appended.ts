import { randomUUID } from 'node:crypto'
import { binaryEvent } from '@kurrent/kurrentdb-client'
import { BareClient } from '../kurrentdb.js'

const STREAMS = 5

/** Events appended to some streams of a KurrentDB server; every 75th of a stream is one that the relay's filter cannot read. Each body names its stream and number. */
export class Appended {
  readonly #url: string
  readonly #counts = new Map<string, number>()
  readonly poison: string[] = []

  constructor(url: string) {
    this.#url = url
  }

  /** Shared out evenly among the streams. */
  async append(events: number): Promise<void> {
    await using bare = new BareClient(this.#url)
    for (let at = 0; at < STREAMS; at++) {
      const stream = `quote-${at}`
      const first = this.#counts.get(stream) ?? 0
      const bodies = Array.from({ length: events / STREAMS }, (_, index) => this.#body(stream, first + index))
      await bare.client.appendToStream(
        stream,
        bodies.map((body) => binaryEvent({ id: randomUUID(), type: 'quoted', data: Buffer.from(body) })),
      )
      this.#counts.set(stream, first + bodies.length)
    }
  }

  /** By stream, in order, without the poison. */
  get sound(): ReadonlyMap<string, readonly string[]> {
    const bad = new Set(this.poison)
    return new Map(
      [...this.#counts].map(([stream, count]) => [
        stream,
        Array.from({ length: count }, (_, at) => `${stream}#${at}`).filter((name) => !bad.has(name)),
      ]),
    )
  }

  /** How many are sound. */
  get size(): number {
    return [...this.sound.values()].reduce((sum, { length }) => sum + length, 0)
  }

  #body(stream: string, at: number): string {
    const name = `${stream}#${at}`
    if (at % 75 !== 74) return name
    this.poison.push(name)
    return `${name} poison`
  }
}
