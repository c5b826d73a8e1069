import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Message, PubSub } from '@google-cloud/pubsub'
import { z } from 'zod'
import { postgres } from '../../src/adapters/postgres/index.js'
import { pubsub } from '../../src/adapters/pubsub/index.js'
import { BATCH_LIMITS } from '../../src/core/stream.js'
import { ingest } from '../../src/index.js'
import { bareClient, PROJECT, type PubsubServer, pubsubKinds } from '../../test/support/pubsub.js'
import { type Measurement, measurement } from '../measurement.js'
import { plainSql, Timing } from '../plain-sql.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { CREATE, scanResults, scanRows } from './sink-rows.js'

const DEFAULT_MESSAGES = 50_000
const ROUNDS = 3
const PUBLISH_AT_ONCE = 5_000
const FLOW_CONTROL = { maxMessages: 10_000, maxBytes: 64 << 20 }
const LANES = 4

const Scan = z.object({
  ip: z.ipv4(),
  port: z.int(),
  service: z.string(),
  response: z.string(),
  lastSeen: z.iso.datetime().transform((text) => new Date(text)),
})

/** A whole `ingest` from Pub/Sub into PostgreSQL against the bare client, which receives and acknowledges and no more. */
export const ingestPubsub: Scenario = { name: 'ingest-pubsub', run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const { a } = await context.startPair()
  const measurements: Measurement[] = []
  for (const { name, start } of servers()) {
    await using server = await start()
    const bench = new Bench({ context, address: server.address, name, url: a.url() })
    measurements.push(...(await bench.complete()))
  }
  return measurements
}

/** Google's emulator where it is, and the double, each in a process of its own. */
function servers(): readonly { readonly name: string; start(): Promise<PubsubServer> }[] {
  const emulator = pubsubKinds().slice(1)
  return [...emulator, { name: 'the double', start: startDouble }]
}

async function startDouble(): Promise<PubsubServer> {
  const child = fork(fileURLToPath(new URL('pubsub-double.ts', import.meta.url)))
  const [address] = await once(child, 'message')
  return {
    address: String(address),
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit')
      child.kill()
      await exit
    },
  }
}

interface Place {
  readonly context: BenchContext
  readonly address: string
  /** Of the server. */
  readonly name: string
  /** Of the database. */
  readonly url: string
}

class Bench {
  readonly #place: Place
  readonly #messages: number
  readonly #client: PubSub
  readonly #topic: string
  readonly #bodies: readonly Buffer[]
  #subscriptions = 0

  constructor(place: Place) {
    this.#place = place
    this.#messages = place.context.rows ?? DEFAULT_MESSAGES
    this.#client = bareClient(place.address)
    this.#topic = `bench-${process.pid}`
    this.#bodies = scanRows(0, this.#messages, 0).map(({ rows }) => Buffer.from(JSON.stringify(rows[0]?.[0])))
  }

  async complete(): Promise<readonly Measurement[]> {
    await this.#client.createTopic(this.#topic)
    const best = { bare: Number.POSITIVE_INFINITY, source: Number.POSITIVE_INFINITY, flow: Number.POSITIVE_INFINITY }
    const contenders = {
      bare: (subscription: string) => this.#bare(subscription),
      source: (subscription: string) => this.#source(subscription),
      flow: (subscription: string) => this.#flow(subscription),
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ['bare', 'source', 'flow'] as const) {
        const subscription = await this.#filled()
        const timing = new Timing(() => contenders[name](subscription))
        await timing.again()
        this.#place.context.say(`${this.#place.name}, ${name}: ${timing.bestSeconds.toFixed(2)} s`)
        best[name] = Math.min(best[name], timing.bestSeconds)
        await this.#client.subscription(subscription).delete()
      }
    }
    await this.#client.close()
    return this.#figures(best)
  }

  #figures(best: { readonly bare: number; readonly source: number; readonly flow: number }): readonly Measurement[] {
    const rate = (seconds: number) => Math.round(this.#messages / seconds)
    const peer = { name: 'the bare client, receiving and acknowledging', value: rate(best.bare) }
    const figure = { scenario: 'ingest-pubsub', unit: 'messages/s', peer, goal: { atLeast: 0.8 } }
    return [
      measurement({ ...figure, figure: `ingest into PostgreSQL, ${this.#place.name}`, value: rate(best.flow) }),
      measurement({ ...figure, figure: `the source alone, ${this.#place.name}`, value: rate(best.source) }),
    ]
  }

  /** A subscription in which all messages wait. */
  async #filled(): Promise<string> {
    const subscription = `bench-${process.pid}-${++this.#subscriptions}`
    const topic = this.#client.topic(this.#topic, { batching: { maxMessages: 1_000, maxMilliseconds: 5 } })
    await topic.createSubscription(subscription, { ackDeadlineSeconds: 60 })
    for (let sent = 0; sent < this.#messages; sent += PUBLISH_AT_ONCE) {
      const some = this.#bodies.slice(sent, sent + PUBLISH_AT_ONCE)
      await Promise.all(some.map((data) => topic.publishMessage({ data })))
    }
    return subscription
  }

  async #bare(name: string): Promise<void> {
    const subscription = this.#client.subscription(name, {
      flowControl: { ...FLOW_CONTROL, allowExcessMessages: false },
    })
    const seen = new Set<string>()
    await new Promise<void>((resolve, reject) => {
      subscription.on('error', reject)
      subscription.on('message', (message: Message) => {
        message.ack()
        seen.add(message.id)
        if (seen.size === this.#messages) resolve()
      })
    })
    await subscription.close()
  }

  async #source(subscription: string): Promise<void> {
    const { address } = this.#place
    const stop = new AbortController()
    await using source = pubsub({ project: PROJECT, subscription, emulatorHost: address, ...FLOW_CONTROL }).source({
      flow: 'bench',
      batch: BATCH_LIMITS,
      lanes: LANES,
      notice: () => undefined,
    })
    const acknowledging: Promise<void>[] = []
    const seen = new Set<string>()
    for await (const batch of source.read(new Map(), stop.signal)) {
      acknowledging.push(source.acknowledge(batch))
      for (const { id } of batch.items) seen.add(id)
      if (seen.size === this.#messages) stop.abort()
    }
    await Promise.all(acknowledging)
  }

  async #flow(subscription: string): Promise<void> {
    const { address, url } = this.#place
    await using plain = await plainSql(url)
    await plain.run(CREATE)
    await using database = postgres(url)
    const drain = new AbortController()
    let items = 0
    const flow = ingest({
      from: pubsub({ project: PROJECT, subscription, emulatorHost: address, ...FLOW_CONTROL }),
      into: database.table(scanResults, { version: 'lastSeen' }),
      schema: Scan,
      map: (scan) => scan,
    })
    await flow.run({
      name: subscription,
      observer: (event) => {
        if (event.type === 'batch') items += event.items
        if (items >= this.#messages) drain.abort()
      },
      drain: drain.signal,
      abort: new AbortController().signal,
      untilCaughtUp: false,
    })
    const { rows } = await plain.run('select count(*)::int as count from scan_results')
    if (rows[0].count !== this.#messages) throw new Error(`${rows[0].count} of ${this.#messages} rows arrived`)
    await plain.run('drop table scan_results')
  }
}
