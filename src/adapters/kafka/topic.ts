import type { Diagnosis } from '../../core/diagnosis.js'
import type { MessageTarget } from '../../core/stream.js'
import { type KafkaTopicOptions, parseTopicOptions } from './options.js'
import { finding } from './stream.js'
import { TopicWriter } from './topic-writer.js'

/**
 * A Kafka topic as a target of messages: keyed, in order within a key, written by an idempotent producer and confirmed
 * by all in-sync replicas. A message above `maxMessageBytes`, or above what the broker takes, is a `DataError`; a missing
 * topic a `ConfigError`; the rest is waited for.
 */
export function kafkaTopic(options: KafkaTopicOptions): MessageTarget {
  const settings = parseTopicOptions(options)
  const label = `kafka://${settings.topic}`
  return {
    system: 'kafka',
    label,
    open: () => new TopicWriter(settings),
    async diagnose(signal): Promise<readonly Diagnosis[]> {
      await using writer = new TopicWriter(settings)
      try {
        await writer.requireTopic(signal)
      } catch (error) {
        return [finding(label, error)]
      }
      return [{ level: 'ok', subject: label, message: 'is there' }]
    },
  }
}
