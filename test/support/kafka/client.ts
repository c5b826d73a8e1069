import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import type { MockCluster } from './mock-cluster.js'

/** A quiet client that gives up soon, so that tests of brokers that are away take seconds. */
export function quietKafka(cluster: MockCluster, config: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    brokers: [...cluster.brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 5_000,
    retry: { retries: 2, initialRetryTime: 50, maxRetryTime: 200 },
    ...config,
  })
}

export interface Produced {
  readonly key?: string
  readonly value: string
  readonly headers?: Record<string, string>
}

/** Plain kafkajs, nothing of the product. Answers `topic/partition@offset` of each message, in order. */
export async function produceTo(
  kafka: Kafka,
  topic: string,
  partition: number,
  messages: readonly Produced[],
): Promise<readonly string[]> {
  const producer = kafka.producer({ createPartitioner: () => () => partition, allowAutoTopicCreation: false })
  await producer.connect()
  try {
    const [sent] = await producer.send({ topic, messages: messages.map((message) => ({ ...message, partition })) })
    const first = BigInt(sent?.baseOffset ?? '0')
    return messages.map((_, at) => `${topic}/${partition}@${first + BigInt(at)}`)
  } finally {
    await producer.disconnect()
  }
}
