import type { Diagnosis } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { Stream } from '../../core/stream.js'
import { Broker } from './broker.js'
import { type KafkaOptions, parseStreamOptions } from './options.js'
import { KafkaSource } from './source.js'

/**
 * Topics of Kafka, read by a consumer group: replicas of a flow share the partitions. A partition is a lane; its position
 * is the next offset, kept by the target with the rows, so that nothing is lost or stored twice whatever the group
 * thinks. What the group commits is told after that, for tools that show its lag. Only committed messages are read.
 *
 * `Message`: `id` is `topic/partition@offset`, `stream` is `topic/partition`, `revision` the offset, `key` and header
 * values are UTF-8 text or, where their bytes are none, base64 (a key so written has the header `lockstep-key-encoding:
 * base64`). Of a header given several times the last counts. A record without a value (a tombstone) has an empty body and
 * the header `lockstep-tombstone: true`. What `relay` wrote has the id, type, stream, revision, metadata and time of the
 * event as it was before.
 *
 * Throws `ConfigError` for options that do not fit. A topic that is missing, or messages that are gone (`onGap`), stop
 * the flow with a `ConfigError`; brokers that are away or refuse credentials are waited for.
 */
export function kafka(options: KafkaOptions): Stream {
  const settings = parseStreamOptions(options)
  const label = `kafka://${settings.topics.join(',')}`
  return {
    system: 'kafka',
    label,
    source: (streamOptions) => new KafkaSource(settings, streamOptions),
    async diagnose(signal): Promise<readonly Diagnosis[]> {
      await using broker = new Broker(settings)
      try {
        await broker.requireTopics(signal)
        await broker.watermarks(signal)
        await broker.committed(signal)
      } catch (error) {
        return [finding(label, error)]
      }
      return [{ level: 'ok', subject: label, message: `can be read by group ${settings.groupId}` }]
    },
  }
}

export function finding(subject: string, error: unknown): Diagnosis {
  if (error instanceof ConfigError) return { level: 'error', subject, message: error.problem, fix: error.fix }
  return { level: 'error', subject, message: error instanceof Error ? error.message : 'cannot be reached' }
}
