import { randomUUID } from 'node:crypto'
import type { PubSub } from '@google-cloud/pubsub'
import { binaryEvent } from '@kurrent/kurrentdb-client'
import { EmbeddedKurrentdb } from '../../../src/embedded/kurrentdb/embedded-kurrentdb.js'
import { EmbeddedPubsub } from '../../../src/embedded/pubsub/embedded-pubsub.js'
import { FaultProxy } from '../fault-proxy.js'
import { quietKafka } from '../kafka/client.js'
import { startMockCluster } from '../kafka/mock-cluster.js'
import { BareClient } from '../kurrentdb.js'
import { bareClient, PROJECT, type PubsubServer, publish, subscribe } from '../pubsub.js'
import type { Notes, Publication } from './published.js'
import type { StreamSetup } from './setup.js'

/** A broker with one stream, which a bare client writes to. */
export interface TestStream extends AsyncDisposable {
  readonly setup: StreamSetup
  /** Positions are kept by the target, in its transactions. */
  readonly once: boolean
  /** Resolves when all is published and noted. */
  publish(messages: readonly Publication[], noted: Notes): Promise<void>
  /** The broker is killed, or restarted with all that it has. */
  away(gone: boolean): Promise<void>
}

export const PARTITIONS = 4

interface PubsubGiven {
  readonly leaseMs?: number
  readonly maxMessages?: number
  readonly maxBytes?: number
  readonly silenceMs?: number
}

export interface PubsubStream extends TestStream {
  readonly double: EmbeddedPubsub
  /** Messages that are not acknowledged. */
  left(): number
  /** Messages that are with a client now. */
  leased(): number
  /** How often a message was delivered, all together. */
  deliveries(): number
}

export async function pubsubStream(given: PubsubGiven = {}): Promise<PubsubStream> {
  const double = await EmbeddedPubsub.start()
  const client = bareClient(double.address)
  const names = await subscribe(client)
  const full = `projects/${PROJECT}/subscriptions/${names.subscription}`
  return {
    double,
    once: false,
    setup: pubsubSetup(double.address, names.subscription, given),
    left() {
      const { waiting, leased } = double.statistics(full)
      return waiting + leased
    },
    leased: () => double.statistics(full).leased,
    deliveries: () => double.statistics(full).deliveries,
    publish: (messages, noted) => publishTo(client, names.topic, messages, noted),
    async away(gone) {
      if (gone) double.kill()
      else await double.restart()
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      await double[Symbol.asyncDispose]()
    },
  }
}

/** Google's emulator forgets all when it ends, so for the flow it goes away from the network only. */
export async function emulatorStream(start: () => Promise<PubsubServer>, leaseMs: number): Promise<TestStream> {
  const server = await start()
  const proxy = await FaultProxy.start(`http://${server.address}`)
  const client = bareClient(server.address)
  const names = await subscribe(client)
  return {
    once: false,
    // A JVM on a busy machine may well say nothing for a second.
    setup: pubsubSetup(`127.0.0.1:${proxy.port}`, names.subscription, { leaseMs, silenceMs: 5_000 }),
    publish: (messages, noted) => publishTo(client, names.topic, messages, noted),
    async away(gone) {
      await proxy.set({ kind: gone ? 'refuse' : 'none' })
      if (gone) proxy.resetAll()
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      await proxy[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

export async function kurrentdbStream(group?: string): Promise<TestStream> {
  const server = await EmbeddedKurrentdb.start()
  // While the server is away the client would not find it again, so there is one for each call.
  return {
    once: group === undefined,
    setup: { system: 'kurrentdb', url: server.url, ...(group === undefined ? {} : { group }) },
    async publish(messages, noted) {
      await using bare = new BareClient(server.url)
      const events = messages.map((message) => ({ id: randomUUID(), message }))
      for (let stream = 0; stream < PARTITIONS; stream++) {
        const share = events.filter((_, at) => at % PARTITIONS === stream)
        if (share.length === 0) continue
        await bare.client.appendToStream(
          `sensors-${stream}`,
          share.map(({ id, message }) => binaryEvent({ id, type: 'measured', data: message.body })),
        )
      }
      for (const { id, message } of events) noted.note(id, message)
    },
    away: (gone) => (gone ? server.kill() : server.restart()),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** The mock lets the first member of a group in after 3 s. */
export async function kafkaStream(sessionTimeoutMs = 6_000): Promise<TestStream> {
  const cluster = await startMockCluster()
  const topic = `sensors-${randomUUID()}`
  await cluster.createTopic(topic, PARTITIONS)
  const client = quietKafka(cluster)
  return {
    once: true,
    setup: { system: 'kafka', brokers: cluster.brokers, topic, group: `group-${randomUUID()}`, sessionTimeoutMs },
    async publish(messages, noted) {
      const producer = client.producer({ allowAutoTopicCreation: false })
      await producer.connect()
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const share = messages.filter((_, at) => at % PARTITIONS === partition)
        if (share.length === 0) continue
        const [sent] = await producer.send({
          topic,
          messages: share.map(({ body }) => ({ value: body, partition })),
        })
        const first = BigInt(sent?.baseOffset ?? '0')
        for (const [at, message] of share.entries()) noted.note(`${topic}/${partition}@${first + BigInt(at)}`, message)
      }
      await producer.disconnect()
    },
    away: (gone) => (gone ? cluster.down() : cluster.up()),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

function pubsubSetup(
  address: string,
  subscription: string,
  { leaseMs = 10_000, maxMessages = 500, ...more }: PubsubGiven,
): StreamSetup {
  return { system: 'pubsub', address, subscription, leaseMs, maxMessages, ...more }
}

async function publishTo(client: PubSub, topic: string, messages: readonly Publication[], noted: Notes): Promise<void> {
  const bodies = messages.map(({ body }) => body)
  const ids = await publish(client, topic, bodies)
  for (const [at, message] of messages.entries()) noted.note(ids[at] ?? '', message)
}
