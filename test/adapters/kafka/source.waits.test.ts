import { randomUUID } from 'node:crypto'
import { createConnection } from 'node:net'
import { describe } from 'vitest'
import { kafka } from '../../../src/adapters/kafka/index.js'
import type { Message } from '../../../src/core/message.js'
import type { Source } from '../../../src/core/source.js'
import { BATCH_LIMITS } from '../../../src/core/stream.js'
import { type SourceHarness, sourceContract } from '../../contracts/source.js'
import { produceTo, quietKafka } from '../../support/kafka/client.js'
import { startMockCluster } from '../../support/kafka/mock-cluster.js'

const PARTITIONS = 2

async function openHarness(): Promise<SourceHarness<Message>> {
  const cluster = await startMockCluster()
  const topic = `topic-${randomUUID()}`
  await cluster.createTopic(topic, PARTITIONS)
  let connections = 0
  const client = quietKafka(cluster, {
    socketFactory: ({ host, port, onConnect }) => {
      connections++
      return createConnection({ host, port }, onConnect)
    },
  })
  const plain = quietKafka(cluster)
  const stream = kafka({ client, topics: [topic], groupId: 'group', sessionTimeoutMs: 4_000, heartbeatMs: 500 })
  const sources: Source<Message>[] = []
  const open = () => {
    const source = stream.source({
      flow: 'flow',
      batch: { ...BATCH_LIMITS, items: 50 },
      lanes: 2,
      notice: () => undefined,
    })
    sources.push(source)
    return source
  }
  let turn = 0
  return {
    source: open(),
    async produce(count) {
      const ids: string[] = []
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const share = Math.floor((count + partition) / PARTITIONS)
        const values = Array.from({ length: share }, () => ({ value: `message ${turn++}` }))
        if (share > 0) ids.push(...(await produceTo(plain, topic, partition, values)))
      }
      return ids
    },
    identify: ({ id }) => id,
    requests: () => connections,
    async reopen() {
      for (const source of sources.splice(0)) await source[Symbol.asyncDispose]()
      return open()
    },
    away: (gone) => (gone ? cluster.down() : cluster.up()),
    async [Symbol.asyncDispose]() {
      await cluster.up()
      for (const source of sources) await source[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
    },
  }
}

describe('kafka', () => {
  sourceContract('kafka', openHarness)
})
