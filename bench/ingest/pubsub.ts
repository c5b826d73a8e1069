import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Message, PubSub, Subscription } from '@google-cloud/pubsub'
import { pubsub } from '../../src/adapters/pubsub/index.js'
import { bareClient, PROJECT, type PubsubServer, pubsubKinds } from '../../test/support/pubsub.js'
import type { Measurement } from '../measurement.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { contest, Stopwatch } from './contest.js'
import { ingestScans, readScans, scanMessages } from './scans.js'

const DEFAULT_MESSAGES = 50_000
const PUBLISH_AT_ONCE = 5_000
const FLOW_CONTROL = { maxMessages: 10_000, maxBytes: 64 << 20 }

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

export async function startDouble(): Promise<PubsubServer> {
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

export interface Waiting {
  readonly topic: string
  /** Of the subscription. */
  readonly name: string
  readonly bodies: readonly Buffer[]
}

/** A new subscription in which all of these wait. */
export async function subscriptionWith(client: PubSub, { topic: of, name, bodies }: Waiting): Promise<Subscription> {
  const topic = client.topic(of, { batching: { maxMessages: 1_000, maxMilliseconds: 5 } })
  const [subscription] = await topic.createSubscription(name, { ackDeadlineSeconds: 60 })
  for (let sent = 0; sent < bodies.length; sent += PUBLISH_AT_ONCE) {
    const some = bodies.slice(sent, sent + PUBLISH_AT_ONCE)
    await Promise.all(some.map((data) => topic.publishMessage({ data })))
  }
  return subscription
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
    this.#bodies = scanMessages(0, this.#messages).map((scan) => Buffer.from(JSON.stringify(scan)))
  }

  async complete(): Promise<readonly Measurement[]> {
    await this.#client.createTopic(this.#topic)
    const measurements = await contest(this.#place.context, {
      scenario: 'ingest-pubsub',
      peer: 'the bare client, receiving and acknowledging',
      server: this.#place.name,
      messages: this.#messages,
      contenders: {
        bare: () => this.#filled((name) => this.#bare(name)),
        source: () => this.#filled((name) => readScans(this.#reading(name))),
        flow: () => this.#filled((name) => ingestScans(this.#reading(name), { url: this.#place.url, name })),
      },
    })
    await this.#client.close()
    return measurements
  }

  /** With a subscription in which all messages wait. */
  async #filled(read: (subscription: string) => Promise<number>): Promise<number> {
    const name = `bench-${process.pid}-${++this.#subscriptions}`
    const subscription = await subscriptionWith(this.#client, { topic: this.#topic, name, bodies: this.#bodies })
    const seconds = await read(name)
    await subscription.delete()
    return seconds
  }

  #reading(subscription: string) {
    const options = { project: PROJECT, subscription, emulatorHost: this.#place.address, ...FLOW_CONTROL }
    return { stream: pubsub(options), messages: this.#messages }
  }

  /** Until all is received and the client has sent its acknowledgements. */
  async #bare(name: string): Promise<number> {
    const watch = new Stopwatch()
    watch.start()
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
    const { seconds } = watch
    await subscription.close()
    return seconds
  }
}
