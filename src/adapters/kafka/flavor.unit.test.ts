import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { ReassignedError } from '../../core/errors.js'
import { BATCH_LIMITS } from '../../core/stream.js'
import type { KafkaClient, KafkaConsumer } from './client.js'
import { flavorOf, type RebalanceCallback } from './flavor.js'
import { kafka } from './stream.js'
import { kafkaTopic } from './topic.js'

// The assignment is the test: the types of kafkajs fit.
const kafkajs: KafkaClient = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING })

/**
 * Stands in for @confluentinc/kafka-javascript, which cannot be installed everywhere: written after its documentation and
 * types, it refuses what they refuse.
 */
class ConfluentStandIn implements KafkaClient {
  readonly did: string[] = []
  rebalance: RebalanceCallback | undefined
  eachBatch: Parameters<KafkaConsumer['run']>[0]['eachBatch'] | undefined
  sent: unknown

  consumer(config: { kafkaJS?: Record<string, unknown>; rebalance_cb?: RebalanceCallback }): KafkaConsumer {
    expect(config.kafkaJS).toMatchObject({ groupId: 'g', autoCommit: false, fromBeginning: true })
    this.rebalance = config.rebalance_cb
    return {
      connect: async () => undefined,
      disconnect: async () => undefined,
      subscribe: async (subscription) => {
        if ('fromBeginning' in subscription) throw new Error('fromBeginning belongs to the consumer')
        this.did.push(`subscribe ${subscription.topics}`)
      },
      run: async (run) => {
        if ('autoCommit' in run) throw new Error('autoCommit belongs to the consumer')
        expect(run.eachBatchAutoResolve).toBe(false)
        this.eachBatch = run.eachBatch
      },
      seek: ({ partition, offset }) => this.did.push(`seek ${partition} ${offset}`),
      pause: ([first]) => this.did.push(`pause ${first?.partitions}`),
      resume: ([first]) => this.did.push(`resume ${first?.partitions}`),
      commitOffsets: async () => undefined,
    }
  }

  producer(config: { kafkaJS?: Record<string, unknown> } = {}) {
    expect(config.kafkaJS).toMatchObject({ idempotent: true, acks: -1 })
    return {
      connect: async () => undefined,
      disconnect: async () => undefined,
      send: async (record: object) => {
        if ('acks' in record) throw new Error('acks belongs to the producer')
        this.sent = record
      },
    }
  }

  admin() {
    return {
      connect: async () => undefined,
      disconnect: async () => undefined,
      listTopics: async () => ['t'],
      fetchTopicOffsets: async () => [{ partition: 0, offset: '9', high: '9', low: '0' }],
      fetchOffsets: async () => [],
    }
  }
}

describe('the two clients', () => {
  it('are told apart by their shape', () => {
    expect(flavorOf(kafkajs)).toBe('kafkajs')
    expect(flavorOf(new ConfluentStandIn())).toBe('confluent')
  })

  it('confluent: an assignment is taken over, seeked and resumed; a rebalance is a ReassignedError', async () => {
    const client = new ConfluentStandIn()
    const stream = kafka({ client, topics: ['t'], groupId: 'g' })
    await using source = stream.source({ flow: 'f', batch: BATCH_LIMITS, lanes: 1, notice: () => undefined })
    const iterator = source.read(new Map([['t/0', '5']]), new AbortController().signal)[Symbol.asyncIterator]()
    const first = iterator.next()
    await expect.poll(() => client.eachBatch).toBeDefined()
    await client.rebalance?.({ code: -175 }, [{ topic: 't', partition: 0 }])
    await expect.poll(() => client.did).toEqual(['subscribe t', 'pause 0', 'seek 0 5', 'resume 0'])
    await client.eachBatch?.({
      batch: {
        topic: 't',
        partition: 0,
        messages: [{ key: null, value: Buffer.from('x'), timestamp: '', offset: '5', headers: undefined }],
        lastOffset: () => '5',
      },
      resolveOffset: (at) => client.did.push(`resolved ${at}`),
      heartbeat: async () => undefined,
      isStale: () => false,
    })
    expect((await first).value).toMatchObject({ lane: 't/0', position: '6', items: [{ id: 't/0@5' }] })
    const next = iterator.next()
    await client.rebalance?.({ code: -174 }, [{ topic: 't', partition: 0 }])
    await expect(next).rejects.toBeInstanceOf(ReassignedError)
  })

  it('confluent: acks is a setting of the producer, not of a send', async () => {
    const client = new ConfluentStandIn()
    await using writer = kafkaTopic({ client, topic: 't' }).open()
    const message = { key: 'k', body: new Uint8Array([1]), headers: { a: 'b' } }
    await writer.write([message], new AbortController().signal)
    expect(client.sent).toEqual({
      topic: 't',
      messages: [{ key: 'k', value: Buffer.from([1]), headers: { a: 'b' } }],
    })
  })

  it('options that are wrong are named', () => {
    const wrong = { client: kafkajs, topics: [], groupId: 'g' }
    expect(() => kafka(wrong)).toThrow(/kafka\.topics/)
    expect(() => kafka({ client: kafkajs, topics: ['t'], groupId: '' })).toThrow(/kafka\.groupId/)
    expect(() => kafka({ client: kafkajs, topics: ['t'], groupId: 'g', heartbeatMs: 40_000 })).toThrow(/heartbeatMs/)
    expect(() => kafkaTopic({ client: kafkajs, topic: 't', maxMessageBytes: 1 })).toThrow(/kafkaTopic\.maxMessageBytes/)
  })
})
