import type { KafkaClient } from './client.js'

/**
 * `kafkajs`: settings flat, events about the group. `confluent`: settings nested under `kafkaJS` and librdkafka's own
 * beside them, the group known by `rebalance_cb`; `fromBeginning`, `autoCommit` and `acks` belong to the client, not to
 * the call, and are refused there.
 */
export type KafkaFlavor = 'kafkajs' | 'confluent'

export function flavorOf(client: KafkaClient): KafkaFlavor {
  return typeof client.logger === 'function' ? 'kafkajs' : 'confluent'
}

export interface GroupSettings {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  readonly rebalanceTimeoutMs: number
  readonly maxWaitMs: number
  /** Messages the client may hand over at once; only @confluentinc/kafka-javascript has such a limit. */
  readonly batchItems: number
}

/** librdkafka tells of an assignment with this, its other argument being the partitions. */
export type RebalanceCallback = (
  event: { readonly code?: number },
  assignment: readonly { readonly topic: string; readonly partition: number }[],
) => Promise<void>

export function consumerConfig(flavor: KafkaFlavor, settings: GroupSettings, rebalance: RebalanceCallback): object {
  const common = {
    groupId: settings.groupId,
    sessionTimeout: settings.sessionTimeoutMs,
    heartbeatInterval: settings.heartbeatMs,
    rebalanceTimeout: settings.rebalanceTimeoutMs,
    maxWaitTimeInMs: settings.maxWaitMs,
    allowAutoTopicCreation: false,
    readUncommitted: false,
  }
  if (flavor === 'kafkajs') return common
  return {
    kafkaJS: { ...common, fromBeginning: true, autoCommit: false },
    'js.consumer.max.batch.size': settings.batchItems,
    rebalance_cb: rebalance,
  }
}

/** Both clients go to the earliest offset where theirs is gone, so that what was skipped can be told. */
export function subscription(flavor: KafkaFlavor, topics: readonly string[]) {
  return flavor === 'kafkajs' ? { topics: [...topics], fromBeginning: true } : { topics: [...topics] }
}

export function runConfig(flavor: KafkaFlavor) {
  return flavor === 'kafkajs' ? { autoCommit: false, eachBatchAutoResolve: false } : { eachBatchAutoResolve: false }
}

/** Idempotent and one request at a time, so that the order holds through retries. */
export function producerConfig(flavor: KafkaFlavor, maxMessageBytes: number): object {
  const common = { idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false }
  if (flavor === 'kafkajs') return common
  return { kafkaJS: { ...common, acks: -1 }, 'linger.ms': 5, 'message.max.bytes': maxMessageBytes }
}

export function sendConfig(flavor: KafkaFlavor): { acks?: number } {
  return flavor === 'kafkajs' ? { acks: -1 } : {}
}
