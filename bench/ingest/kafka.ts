import type { Kafka } from 'kafkajs'
import { z } from 'zod'
import { type KafkaClient, kafka } from '../../src/adapters/kafka/index.js'
import { postgres } from '../../src/adapters/postgres/index.js'
import { BATCH_LIMITS } from '../../src/core/stream.js'
import { ingest } from '../../src/index.js'
import { quietKafka } from '../../test/support/kafka/client.js'
import { type MockCluster, startMockCluster } from '../../test/support/kafka/mock-cluster.js'
import { type Measurement, measurement } from '../measurement.js'
import { plainSql } from '../plain-sql.js'
import type { BenchContext, Scenario } from '../scenario.js'
import { CREATE, scanResults, scanRows } from './sink-rows.js'

const DEFAULT_MESSAGES = 200_000
const ROUNDS = 3
const PER_REQUEST = 1_000
/** The mock keeps 5 MB of a partition. */
const PER_PARTITION = 12_000
const LANES = 4
const TOPIC = 'scans'
const MAX_WAIT_MS = 200

const Scan = z.object({
  ip: z.ipv4(),
  port: z.int(),
  service: z.string(),
  response: z.string(),
  lastSeen: z.iso.datetime().transform((text) => new Date(text)),
})

/**
 * A whole `ingest` from Kafka into PostgreSQL against the bare client (kafkajs), which receives and commits and no more.
 * The broker is librdkafka's mock cluster in a process of its own. Timed from when the group has been joined, which takes
 * 3 s with it, to the last message.
 */
export const ingestKafka: Scenario = { name: 'ingest-kafka', run }

async function run(context: BenchContext): Promise<readonly Measurement[]> {
  const { a } = await context.startPair()
  await using cluster = await startMockCluster(1)
  const bench = new Bench(context, cluster, a.url())
  // Awaited here, as the cluster ends when this function returns.
  return await bench.complete()
}

/** A client that notes when its group was joined. */
interface Timed {
  readonly client: Kafka
  /** For the flow: the same client. */
  readonly noting: KafkaClient
  joinedAt: number
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
    await this.#fill()
    const best = { bare: Number.POSITIVE_INFINITY, source: Number.POSITIVE_INFINITY, flow: Number.POSITIVE_INFINITY }
    const contenders = {
      bare: (group: string) => this.#bare(group),
      source: (group: string) => this.#source(group),
      flow: (group: string) => this.#flow(group),
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ['bare', 'source', 'flow'] as const) {
        const seconds = await contenders[name](`bench-${++this.#groups}`)
        this.#context.say(`kafka, ${name}: ${seconds.toFixed(2)} s`)
        best[name] = Math.min(best[name], seconds)
      }
    }
    const rate = (seconds: number) => Math.round(this.#messages / seconds)
    const peer = { name: 'the bare client, receiving and committing', value: rate(best.bare) }
    const figure = { scenario: 'ingest-kafka', unit: 'messages/s', peer, goal: { atLeast: 0.8 } }
    return [
      measurement({ ...figure, figure: 'ingest into PostgreSQL', value: rate(best.flow) }),
      measurement({ ...figure, figure: 'the source alone', value: rate(best.source) }),
    ]
  }

  async #fill(): Promise<void> {
    const partitions = Math.ceil(this.#messages / PER_PARTITION)
    await this.#cluster.createTopic(TOPIC, partitions)
    const producer = quietKafka(this.#cluster).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    for (let sent = 0, turn = 0; sent < this.#messages; sent += PER_REQUEST, turn++) {
      const rowsets = scanRows(sent, Math.min(sent + PER_REQUEST, this.#messages), 0)
      const messages = rowsets.map(({ rows }) => ({
        value: JSON.stringify(rows[0]?.[0]),
        partition: turn % partitions,
      }))
      await producer.send({ topic: TOPIC, messages })
    }
    await producer.disconnect()
  }

  #client(): Timed {
    const client = quietKafka(this.#cluster)
    const timed: Timed = {
      client,
      noting: {
        consumer: (config: Parameters<Kafka['consumer']>[0]) => {
          const consumer = client.consumer(config)
          consumer.on('consumer.group_join', () => {
            timed.joinedAt = performance.now()
          })
          return consumer
        },
        producer: () => client.producer(),
        admin: () => client.admin(),
        logger: () => client.logger(),
      },
      joinedAt: 0,
    }
    return timed
  }

  async #bare(groupId: string): Promise<number> {
    const { client } = this.#client()
    const consumer = client.consumer({ groupId, maxWaitTimeInMs: MAX_WAIT_MS, allowAutoTopicCreation: false })
    let joinedAt = 0
    consumer.on('consumer.group_join', () => {
      joinedAt = performance.now()
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [TOPIC], fromBeginning: true })
    let count = 0
    const seconds = await new Promise<number>((resolve, reject) => {
      consumer
        .run({
          eachBatch: async ({ batch }) => {
            count += batch.messages.length
            if (count >= this.#messages) resolve((performance.now() - joinedAt) / 1000)
          },
        })
        .catch(reject)
    })
    await consumer.disconnect()
    return seconds
  }

  async #source(groupId: string): Promise<number> {
    const timed = this.#client()
    await using source = kafka({ client: timed.noting, topics: [TOPIC], groupId, maxWaitMs: MAX_WAIT_MS }).source({
      flow: 'bench',
      batch: BATCH_LIMITS,
      lanes: LANES,
      notice: () => undefined,
    })
    const stop = new AbortController()
    let count = 0
    for await (const batch of source.read(new Map(), stop.signal)) {
      await source.acknowledge(batch)
      count += batch.items.length
      if (count >= this.#messages) break
    }
    return (performance.now() - timed.joinedAt) / 1000
  }

  async #flow(groupId: string): Promise<number> {
    await using plain = await plainSql(this.#url)
    await plain.run(CREATE)
    await using database = postgres(this.#url)
    const timed = this.#client()
    const drain = new AbortController()
    let items = 0
    let seconds = 0
    const flow = ingest({
      from: kafka({ client: timed.noting, topics: [TOPIC], groupId, maxWaitMs: MAX_WAIT_MS }),
      into: database.table(scanResults, { version: 'lastSeen' }),
      schema: Scan,
      map: (scan) => scan,
      lanes: LANES,
    })
    await flow.run({
      name: groupId,
      observer: (event) => {
        if (event.type === 'batch') items += event.items
        if (items < this.#messages || seconds > 0) return
        seconds = (performance.now() - timed.joinedAt) / 1000
        drain.abort()
      },
      drain: drain.signal,
      abort: new AbortController().signal,
      untilCaughtUp: false,
    })
    const { rows } = await plain.run('select count(*)::int as count from scan_results')
    if (rows[0].count !== this.#messages) throw new Error(`${rows[0].count} of ${this.#messages} rows arrived`)
    await plain.run('drop table scan_results')
    return seconds
  }
}
