import type { Lane } from '../../core/batch.js'
import { ConfigError } from '../../core/errors.js'
import type { KafkaAdmin } from './client.js'
import { within } from './deadline.js'
import { unavailable } from './errors.js'
import type { StreamSettings } from './options.js'
import { laneOf } from './partition.js'

/** The offsets between which a partition can be read: `low` is there, `high` is the next to come. */
export interface Watermarks {
  readonly low: bigint
  readonly high: bigint
}

/** What is asked of the brokers beside reading: topics, ends, and where the group stands. Connects on first use. */
export class Broker implements AsyncDisposable {
  readonly #settings: StreamSettings
  #admin: Promise<KafkaAdmin> | undefined

  constructor(settings: StreamSettings) {
    this.#settings = settings
  }

  /** Throws a `ConfigError` that names a topic that is not there. */
  async requireTopics(signal: AbortSignal): Promise<void> {
    const known = new Set(await this.#ask('the list of topics', signal, (admin) => admin.listTopics()))
    for (const topic of this.#settings.topics) if (!known.has(topic)) throw topicMissing('kafka.topics', topic)
  }

  async watermarks(signal: AbortSignal, topics = this.#settings.topics): Promise<ReadonlyMap<Lane, Watermarks>> {
    const marks = new Map<Lane, Watermarks>()
    for (const topic of topics) {
      const offsets = await this.#ask(`the offsets of ${topic}`, signal, (admin) => admin.fetchTopicOffsets(topic))
      for (const { partition, low, high } of offsets) {
        marks.set(laneOf({ topic, partition }), { low: BigInt(low), high: BigInt(high) })
      }
    }
    return marks
  }

  /** The offsets that the group has committed; lanes without one are left out. */
  async committed(signal: AbortSignal): Promise<ReadonlyMap<Lane, bigint>> {
    const { groupId, topics } = this.#settings
    const answer = await this.#ask(`the offsets of group ${groupId}`, signal, (admin) =>
      admin.fetchOffsets({ groupId, topics: [...topics] }),
    )
    const committed = new Map<Lane, bigint>()
    for (const { topic, partitions } of answer) {
      for (const { partition, offset } of partitions) {
        const at = BigInt(offset)
        if (at >= 0n) committed.set(laneOf({ topic, partition }), at)
      }
    }
    return committed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    await admin?.then(disconnect, () => undefined)
  }

  async #ask<Answer>(
    what: string,
    signal: AbortSignal,
    question: (admin: KafkaAdmin) => Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await within({ ms: this.#settings.requestMs, what, signal }, async () => question(await this.#connected()))
    } catch (error) {
      if (signal.aborted) throw error
      throw unavailable(what, error)
    }
  }

  #connected(): Promise<KafkaAdmin> {
    this.#admin ??= this.#connect()
    return this.#admin
  }

  async #connect(): Promise<KafkaAdmin> {
    const admin = this.#settings.client.admin()
    try {
      await admin.connect()
      return admin
    } catch (error) {
      this.#admin = undefined
      void disconnect(admin)
      throw error
    }
  }
}

export function topicMissing(key: string, topic: string): ConfigError {
  return new ConfigError({
    code: 'kafka-topic-missing',
    key,
    message: `there is no topic ${topic}, or this client may not see it`,
    fix: 'create the topic, correct its name, or grant Describe on it',
  })
}

/** Leaves within bounds; whatever goes wrong while leaving changes nothing. */
export async function disconnect(client: { disconnect(): Promise<void> }): Promise<void> {
  await within({ ms: 10_000, what: 'the client' }, () => client.disconnect()).catch(() => undefined)
}
