import type { Kafka } from 'kafkajs'
import { type KafkaClient, kafka } from '../../src/adapters/kafka/index.js'
import { quietKafka } from '../../test/support/kafka/client.js'
import { type MockCluster, startMockCluster } from '../../test/support/kafka/mock-cluster.js'
import type { Measurement } from '../measurement.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { contest, Stopwatch } from './contest.js'
import { ingestScans, readScans, scanMessages } from './scans.js'

const DEFAULT_MESSAGES = 300_000
const PER_REQUEST = 1_000
/** The mock keeps 5 MB of a partition. */
const PER_PARTITION = 12_000
const TOPIC = 'scans'
const MAX_WAIT_MS = 200

/**
 * A whole `ingest` from Kafka into PostgreSQL against the bare client (kafkajs), which receives and commits and no more.
 * The broker is librdkafka's mock cluster in a process of its own. Timed from when the client has fetched its first
 * messages (the group alone takes 3 s to be joined) to the last.
 */
export const ingestKafka: Scenario = { name: 'ingest-kafka', run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const { a } = await context.startPair()
  await using cluster = await startMockCluster(1)
  const bench = new Bench(context, cluster, a.url())
  // Awaited here, as the cluster ends when this function returns.
  return await bench.complete()
}

class Bench {
  readonly #context: BenchContext
  readonly #cluster: MockCluster
  readonly #url: string
  readonly #messages: number
  #groups = 0

  constructor(context: BenchContext, cluster: MockCluster, url: string) {
    this.#context = context
    this.#cluster = cluster
    this.#url = url
    this.#messages = context.rows ?? DEFAULT_MESSAGES
  }

  async complete(): Promise<readonly Measurement[]> {
    await fillTopic(this.#cluster, TOPIC, this.#messages)
    return contest(this.#context, {
      scenario: 'ingest-kafka',
      peer: 'the bare client, receiving and committing',
      messages: this.#messages,
      contenders: {
        bare: () => this.#bare(),
        source: () => readScans(this.#reading()),
        flow: () => ingestScans(this.#reading(), { url: this.#url, name: `bench-${this.#groups}` }),
      },
    })
  }

  #reading() {
    const watch = new FetchWatch()
    const client = watch.noting(quietKafka(this.#cluster))
    const groupId = `bench-${++this.#groups}`
    return {
      stream: kafka({ client, topics: [TOPIC], groupId, maxWaitMs: MAX_WAIT_MS }),
      messages: this.#messages,
      watch,
    }
  }

  async #bare(): Promise<number> {
    const watch = new FetchWatch()
    const groupId = `bench-${++this.#groups}`
    const client = watch.noting(quietKafka(this.#cluster))
    const consumer = client.consumer({ groupId, maxWaitTimeInMs: MAX_WAIT_MS, allowAutoTopicCreation: false })
    await consumer.connect()
    await consumer.subscribe({ topics: [TOPIC], fromBeginning: true })
    let count = 0
    const seconds = await new Promise<number>((resolve, reject) => {
      consumer
        .run({
          eachBatch: async ({ batch }) => {
            count += batch.messages.length
            if (count >= this.#messages) resolve(watch.seconds)
          },
        })
        .catch(reject)
    })
    await consumer.disconnect()
    return seconds
  }
}

/** A topic with so many scans. */
export async function fillTopic(cluster: MockCluster, topic: string, messages: number): Promise<void> {
  const partitions = Math.ceil(messages / PER_PARTITION)
  await cluster.createTopic(topic, partitions)
  const producer = quietKafka(cluster).producer({ allowAutoTopicCreation: false })
  await producer.connect()
  for (let sent = 0, turn = 0; sent < messages; sent += PER_REQUEST, turn++) {
    const scans = scanMessages(sent, Math.min(sent + PER_REQUEST, messages))
    const partition = turn % partitions
    await producer.send({ topic, messages: scans.map((scan) => ({ value: JSON.stringify(scan), partition })) })
  }
  await producer.disconnect()
}

/** Starts when the client has fetched its first messages, and not before. */
class FetchWatch extends Stopwatch {
  #fetched = false

  override start(): void {
    if (this.#fetched) super.start()
  }

  noting(client: Kafka) {
    return {
      consumer: (config: Parameters<Kafka['consumer']>[0]) => {
        const consumer = client.consumer(config)
        consumer.on('consumer.start_batch_process', ({ payload }) => {
          if (payload.batchSize === 0) return
          this.#fetched = true
          this.start()
        })
        return consumer
      },
      producer: () => client.producer(),
      admin: () => client.admin(),
      logger: () => client.logger(),
    } satisfies KafkaClient
  }
}
