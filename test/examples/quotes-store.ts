import { jsonEvent } from '@kurrent/kurrentdb-client'
import { z } from 'zod'
import { EmbeddedKurrentdb } from '../../src/embedded/kurrentdb/embedded-kurrentdb.js'
import { appendRaw, BareClient } from '../support/kurrentdb.js'
import { createdTimes } from './created-times.js'
import { type Env, generate } from './example.js'
import { QuotesOracle } from './quotes-oracle.js'

export interface QuoteEvent {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  /** What must become of it, if not rows. */
  readonly fate?: 'dead' | 'held'
}

/** A line of the website's log. */
const Line = z.object({
  id: z.string(),
  events: z.array(z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) })),
})

/** An event store whose every event is written down, too. */
export class QuotesStore implements AsyncDisposable {
  readonly #server: EmbeddedKurrentdb
  readonly #bare: BareClient
  readonly #log = new Map<string, QuoteEvent[]>()
  #unreadable = 0

  private constructor(server: EmbeddedKurrentdb) {
    this.#server = server
    this.#bare = new BareClient(server.url)
  }

  static async start(): Promise<QuotesStore> {
    return new QuotesStore(await EmbeddedKurrentdb.start())
  }

  get url(): string {
    return this.#server.url
  }

  /** One append, as it would be one transaction. */
  async append(quote: string, events: readonly QuoteEvent[]): Promise<void> {
    const stream = `quote-${quote}`
    const proposed = events.map(({ type, data }) => jsonEvent({ type, data: { ...data } }))
    await this.#bare.client.appendToStream(stream, proposed)
    this.#log.set(stream, [...(this.#log.get(stream) ?? []), ...events])
  }

  /** From now on all events of the quote must be stored. */
  release(quote: string): void {
    this.#judge(quote, undefined)
  }

  /** From now on all events of the quote must be dead letters. */
  bury(quote: string): void {
    this.#judge(quote, 'dead')
  }

  /** An event that claims to be JSON. Answers its id. */
  async appendUnreadable(): Promise<string> {
    const event = { type: 'quote_started', contentType: 'application/json', data: Buffer.from('{"id": ') }
    const [id = ''] = await appendRaw(this.url, `broken-${++this.#unreadable}`, [event])
    return id
  }

  /** Lets the website of the example append. */
  async generate(args: readonly string[], env: Env): Promise<void> {
    for (const line of await generate('quotes/website.mjs', args, env)) {
      const { id, events } = Line.parse(line)
      const none = ({ data }: QuoteEvent): boolean => data['quoteId'] === 'none'
      this.#log.set(
        `quote-${id}`,
        events.map((event) => (none(event) ? { ...event, fate: 'dead' as const } : event)),
      )
    }
  }

  /** What becomes of all that was appended: the times are the store's, all else is from the log. */
  async oracle(): Promise<{ readonly oracle: QuotesOracle; readonly dead: number; readonly held: number }> {
    const oracle = new QuotesOracle()
    let dead = this.#unreadable
    let held = 0
    const created = await createdTimes(this.url)
    for (const [stream, events] of this.#log) {
      const times = created.get(stream) ?? []
      if (times.length !== events.length) throw new Error(`${stream} has ${times.length} events`)
      for (const [revision, { type, data, fate }] of events.entries()) {
        if (fate === 'dead') dead++
        else if (fate === 'held') held++
        else oracle.take({ type, data, revision, createdMs: times[revision] ?? 0 })
      }
    }
    return { oracle, dead, held }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bare[Symbol.asyncDispose]()
    await this.#server[Symbol.asyncDispose]()
  }

  #judge(quote: string, fate: QuoteEvent['fate']): void {
    const stream = `quote-${quote}`
    const judged = (this.#log.get(stream) ?? []).map(({ type, data }) => ({ type, data, ...(fate && { fate }) }))
    this.#log.set(stream, judged)
  }
}
