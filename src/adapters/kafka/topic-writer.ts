import { DataError } from '../../core/errors.js'
import type { OutgoingMessage } from '../../core/message.js'
import type { MessageWriter } from '../../core/stream.js'
import { disconnect, topicMissing } from './broker.js'
import type { KafkaProducer } from './client.js'
import { within } from './deadline.js'
import { kindOf, unavailable } from './errors.js'
import { producerConfig, sendConfig } from './flavor.js'
import type { TopicSettings } from './options.js'

/** What the protocol adds to a message, at most, and to each of its headers. */
const MESSAGE_OVERHEAD_BYTES = 70
const HEADER_OVERHEAD_BYTES = 10

/** Messages of one request: those from `start` to `end` (left out) of a write. */
interface Chunk {
  readonly start: number
  readonly end: number
}

export class TopicWriter implements MessageWriter {
  readonly #settings: TopicSettings
  #producer: Promise<KafkaProducer> | undefined

  constructor(settings: TopicSettings) {
    this.#settings = settings
  }

  async write(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void> {
    const sizes = messages.map(sizeOf)
    const bad = sizes.flatMap((size, at) => (size > this.#settings.maxMessageBytes ? [at] : []))
    if (bad.length > 0) throw this.#tooLarge(bad)
    const todo = chunksOf(sizes, this.#settings.maxMessageBytes).reverse()
    // One after another, so that the order within each key holds.
    for (let chunk = todo.pop(); chunk !== undefined; chunk = todo.pop()) {
      const { start, end } = chunk
      try {
        await this.#send(messages.slice(start, end), signal)
      } catch (error) {
        if (kindOf(error) !== 'too-large') throw error
        if (end - start === 1) throw this.#tooLarge([start], error)
        // The broker takes less than was thought, and does not say which message was too much.
        const middle = (start + end) >> 1
        todo.push({ start: middle, end }, { start, end: middle })
      }
    }
  }

  /** Throws a `ConfigError` when the topic is not there. */
  async requireTopic(signal: AbortSignal): Promise<void> {
    const { client, topic, requestMs } = this.#settings
    const what = 'the list of topics'
    const admin = client.admin()
    try {
      const topics = await within({ ms: requestMs, what, signal }, async () => {
        await admin.connect()
        return admin.listTopics()
      })
      if (!topics.includes(topic)) throw topicMissing('kafkaTopic.topic', topic)
    } catch (error) {
      throw unavailable(what, error)
    } finally {
      void disconnect(admin)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.then(disconnect, () => undefined)
  }

  async #send(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void> {
    const { topic, flavor, requestMs } = this.#settings
    const what = `writing to ${topic}`
    const record = {
      topic,
      messages: messages.map(({ key, body, headers }) => ({
        key: key ?? null,
        value: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        headers: { ...headers },
      })),
      ...sendConfig(flavor),
    }
    try {
      await within({ ms: requestMs, what, signal }, async () => (await this.#connected(signal)).send(record))
    } catch (error) {
      // Its sequence numbers may not be those of the broker any more: the next write has a producer of its own.
      const failed = this.#producer
      this.#producer = undefined
      void failed?.then(disconnect, () => undefined)
      signal.throwIfAborted()
      throw unavailable(what, error)
    }
  }

  #connected(signal: AbortSignal): Promise<KafkaProducer> {
    this.#producer ??= this.#connect(signal)
    return this.#producer
  }

  async #connect(signal: AbortSignal): Promise<KafkaProducer> {
    await this.requireTopic(signal)
    const { client, flavor, maxMessageBytes } = this.#settings
    const producer = client.producer(producerConfig(flavor, maxMessageBytes))
    try {
      await producer.connect()
      return producer
    } catch (error) {
      void disconnect(producer)
      throw error
    }
  }

  #tooLarge(bad: readonly number[], cause?: unknown): DataError {
    const { topic, maxMessageBytes } = this.#settings
    const limit = cause === undefined ? `maxMessageBytes (${maxMessageBytes})` : 'what the broker takes'
    return new DataError('message-too-large', `${bad.length} messages for topic ${topic} are greater than ${limit}`, {
      bad,
      cause,
    })
  }
}

function sizeOf({ key, body, headers }: OutgoingMessage): number {
  let size = MESSAGE_OVERHEAD_BYTES + body.byteLength + Buffer.byteLength(key ?? '')
  for (const name in headers) {
    size += HEADER_OVERHEAD_BYTES + Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '')
  }
  return size
}

/** Consecutive messages that together fit into one request. */
function chunksOf(sizes: readonly number[], maxBytes: number): Chunk[] {
  const chunks: Chunk[] = []
  let start = 0
  let bytes = 0
  for (const [at, size] of sizes.entries()) {
    if (bytes + size > maxBytes) {
      chunks.push({ start, end: at })
      start = at
      bytes = 0
    }
    bytes += size
  }
  if (start < sizes.length) chunks.push({ start, end: sizes.length })
  return chunks
}
