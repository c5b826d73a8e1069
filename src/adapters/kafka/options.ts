import { z } from 'zod'
import { ConfigError } from '../../core/errors.js'
import type { KafkaClient } from './client.js'
import { flavorOf, type KafkaFlavor } from './flavor.js'

/** Settings of a Kafka stream. */
export interface KafkaOptions {
  /**
   * `new Kafka({ brokers: [...] })` of kafkajs, or `new KafkaJS.Kafka({ kafkaJS: { brokers: [...] } })` of
   * @confluentinc/kafka-javascript. Addresses, TLS, credentials and retries are set there.
   */
  readonly client: KafkaClient
  /** Topics to read; at least one. They must exist. */
  readonly topics: readonly string[]
  /** Consumer group. All replicas of a flow use one; no other flow does. */
  readonly groupId: string
  /**
   * Where a partition begins that the target has no position of: with its oldest message (`true`, default), or where
   * the group stood, else with what comes from now on (`false`). A saved position always goes first.
   */
  readonly fromBeginning?: boolean
  /**
   * What to do when messages after the saved position are gone (retention was faster than the flow), or the position is
   * behind the end (the topic was made anew): stop with a `ConfigError` (`stop`, default), or go on with the oldest
   * message there is, with a notice (`earliest`).
   */
  readonly onGap?: 'stop' | 'earliest'
  /** Without a heartbeat for so long a member loses its partitions, in ms. Default 30000. */
  readonly sessionTimeoutMs?: number
  /** Between heartbeats, in ms; less than a third of the session timeout is best. Default 3000. */
  readonly heartbeatMs?: number
  /** How long the group waits for its members to join again, in ms. Default 60000. */
  readonly rebalanceTimeoutMs?: number
  /** How long a broker waits for messages before it answers that there are none, in ms. Default 200. */
  readonly maxWaitMs?: number
  /** Message bodies in memory before partitions are paused, in bytes. Default 32 MiB. */
  readonly bufferBytes?: number
  /** For one call of the client, in ms. Default 30000. */
  readonly requestMs?: number
  /** Header whose text is `Message.type`. Default none; messages of `relay` bring their type by themselves. */
  readonly typeHeader?: string
  /** Which client it is. Default: told by its shape. */
  readonly flavor?: KafkaFlavor
}

/** Settings of a Kafka topic that is written to. */
export interface KafkaTopicOptions {
  /** As for `kafka()`. */
  readonly client: KafkaClient
  /** Must exist. */
  readonly topic: string
  /**
   * Greatest message with key and headers, and greatest request, in bytes; not above the broker's `message.max.bytes`.
   * Default 1000000. A greater message is a dead letter.
   */
  readonly maxMessageBytes?: number
  /** For one request, in ms. Default 30000. */
  readonly requestMs?: number
  /** Which client it is. Default: told by its shape. */
  readonly flavor?: KafkaFlavor
}

const ms = z.number().int().min(1).max(2_147_483_647)
const name = z.string().min(1)
const flavor = z.enum(['kafkajs', 'confluent']).optional()
// Clients are class instances with getters of their own: looked at, never copied.
const client = z.custom<KafkaClient>(isClient, 'a KafkaJS-compatible client: new Kafka({ ... })')

const Stream = z
  .strictObject({
    client,
    topics: z.array(name).min(1),
    groupId: name,
    fromBeginning: z.boolean().default(true),
    onGap: z.enum(['stop', 'earliest']).default('stop'),
    sessionTimeoutMs: ms.default(30_000),
    heartbeatMs: ms.default(3_000),
    rebalanceTimeoutMs: ms.default(60_000),
    maxWaitMs: ms.default(200),
    bufferBytes: z
      .number()
      .int()
      .min(1024)
      .default(32 * 1024 * 1024),
    requestMs: ms.default(30_000),
    typeHeader: name.optional(),
    flavor,
  })
  .refine((options) => options.heartbeatMs < options.sessionTimeoutMs, {
    path: ['heartbeatMs'],
    message: 'less than sessionTimeoutMs',
  })

const Topic = z.strictObject({
  client,
  topic: name,
  maxMessageBytes: z.number().int().min(1024).default(1_000_000),
  requestMs: ms.default(30_000),
  flavor,
})

export type StreamSettings = Omit<z.output<typeof Stream>, 'flavor'> & { readonly flavor: KafkaFlavor }
export type TopicSettings = Omit<z.output<typeof Topic>, 'flavor'> & { readonly flavor: KafkaFlavor }

/** Fills in defaults; a `ConfigError` names the option that is wrong. */
export function parseStreamOptions(options: KafkaOptions): StreamSettings {
  const { success, data, error } = Stream.safeParse(options)
  if (!success) throw invalid('kafka', error)
  return { ...data, flavor: data.flavor ?? flavorOf(data.client) }
}

export function parseTopicOptions(options: KafkaTopicOptions): TopicSettings {
  const { success, data, error } = Topic.safeParse(options)
  if (!success) throw invalid('kafkaTopic', error)
  return { ...data, flavor: data.flavor ?? flavorOf(data.client) }
}

function isClient(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return ['consumer', 'producer', 'admin'].every((method) => typeof Reflect.get(value, method) === 'function')
}

function invalid(factory: 'kafka' | 'kafkaTopic', error: z.ZodError): ConfigError {
  const issue = error.issues[0]
  const path = issue?.path.join('.') ?? ''
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  return new ConfigError({
    code: 'kafka-option-invalid',
    key: `${factory}.${unknown ?? path}`,
    message: unknown === undefined ? `not usable: ${issue?.message ?? 'unknown'}` : 'there is no such option',
    fix: 'see KafkaOptions and KafkaTopicOptions of lockstep/kafka',
  })
}
