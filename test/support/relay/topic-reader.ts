import { randomUUID } from 'node:crypto'
import type { EachMessageHandler } from 'kafkajs'
import { quietKafka } from '../kafka/client.js'
import type { MockCluster } from '../kafka/mock-cluster.js'

export interface Sent {
  readonly key: string
  readonly body: string
  /** What the header `sender` says. */
  readonly sender: string
}

/** Everything in a topic, from its beginning on, read by the bare client; of each key in order. */
export class TopicReader implements AsyncDisposable {
  readonly sent: Sent[] = []
  readonly #consumer

  private constructor(cluster: MockCluster) {
    this.#consumer = quietKafka(cluster).consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 50 })
  }

  static async start(cluster: MockCluster, topic: string): Promise<TopicReader> {
    const reader = new TopicReader(cluster)
    await reader.#run(topic)
    return reader
  }

  /** Messages that are not the same as one before. */
  get different(): number {
    return new Set(this.sent.map(({ body }) => body)).size
  }

  /** By key, in order, each once: where it was first. */
  get firsts(): ReadonlyMap<string, readonly string[]> {
    const firsts = new Map<string, Set<string>>()
    for (const { key, body } of this.sent) firsts.set(key, (firsts.get(key) ?? new Set()).add(body))
    return new Map([...firsts].map(([key, bodies]) => [key, [...bodies]]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.disconnect()
  }

  async #run(topic: string): Promise<void> {
    const eachMessage: EachMessageHandler = async ({ message: { key, value, headers } }) => {
      this.sent.push({ key: String(key), body: String(value), sender: String(headers?.['sender']) })
    }
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [topic], fromBeginning: true })
    await this.#consumer.run({ eachMessage })
  }
}
