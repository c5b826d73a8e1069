import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { kafka } from '../../../src/adapters/kafka/index.js'
import { MemoryCheckpointStore } from '../../../src/adapters/memory/index.js'
import type { Batch } from '../../../src/core/batch.js'
import type { Message } from '../../../src/core/message.js'
import type { Sink, WriteContext } from '../../../src/core/sink.js'
import { BATCH_LIMITS } from '../../../src/core/stream.js'
import { run } from '../../../src/engine/run.js'
import { produceTo, quietKafka } from '../../support/kafka/client.js'
import { type MockCluster, startMockCluster } from '../../support/kafka/mock-cluster.js'

/** What all members write to: items and position together, or, when the position is another's, nothing. */
class Target implements Sink<Message> {
  readonly checkpoints = new MemoryCheckpointStore()
  readonly stored: string[] = []

  async write({ lane, position, items }: Batch<Message>, { flow, expected }: WriteContext): Promise<void> {
    // Time in which another member may take over.
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (position !== undefined) await this.checkpoints.save({ flow, lane, position, expected })
    for (const { id } of items) this.stored.push(id)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

interface Member {
  /** As a kill: the process does nothing any more, its group does not know. */
  kill(): Promise<void>
  /** As SIGTERM. */
  stop(): Promise<void>
  /** Rejects with what stopped the flow. */
  readonly done: Promise<unknown>
}

function startMember(cluster: MockCluster, topic: string, target: Target): Member {
  const stream = kafka({
    client: quietKafka(cluster, { retry: { retries: 5, initialRetryTime: 50 } }),
    topics: [topic],
    groupId: 'group',
    sessionTimeoutMs: 4_000,
    heartbeatMs: 200,
  })
  const source = stream.source({
    flow: 'flow',
    batch: { ...BATCH_LIMITS, items: 20, waitMs: 5 },
    lanes: 4,
    notice: () => undefined,
  })
  const drain = new AbortController()
  const abort = new AbortController()
  const done = run(
    { flow: 'flow', source, sink: target },
    { observer: () => undefined, drain: drain.signal, abort: abort.signal, maxConflicts: 1_000 },
  )
  done.catch(() => undefined)
  return {
    done,
    async kill() {
      abort.abort()
      await done
      // Its client is left to itself, so the group has to find out.
      setTimeout(() => void source[Symbol.asyncDispose](), 5_000).unref()
    },
    async stop() {
      drain.abort()
      await done
      await source[Symbol.asyncDispose]()
    },
  }
}

describe('a consumer group', () => {
  it('loses nothing and stores nothing twice while members come, stop and die', { timeout: 120_000 }, async () => {
    await using cluster = await startMockCluster()
    const topic = `topic-${randomUUID()}`
    const partitions = 6
    await cluster.createTopic(topic, partitions)
    const plain = quietKafka(cluster)
    const target = new Target()
    const wanted = new Set<string>()
    let turn = 0
    const produceSome = async () => {
      for (let partition = 0; partition < partitions; partition++) {
        const messages = Array.from({ length: 50 }, () => ({ value: `message ${turn++}` }))
        for (const id of await produceTo(plain, topic, partition, messages)) wanted.add(id)
      }
    }
    const members = [1, 2, 3].map(() => startMember(cluster, topic, target))
    for (let round = 0; round < 6; round++) {
      for (let part = 0; part < 4; part++) await produceSome()
      // Nobody waits until the group is at rest, but it should have stored something in each round.
      const before = target.stored.length
      await expect.poll(() => target.stored.length, { timeout: 30_000 }).toBeGreaterThan(before)
      const [leaving] = members.splice(round % members.length, 1)
      await (round % 2 === 0 ? leaving?.kill() : leaving?.stop())
      members.push(startMember(cluster, topic, target))
    }
    await produceSome()
    await expect.poll(() => new Set(target.stored).size, { timeout: 60_000 }).toBe(wanted.size)
    expect(new Set(target.stored)).toEqual(wanted)
    expect(target.stored.length).toBe(wanted.size)
    for (let partition = 0; partition < partitions; partition++) {
      const offsets = target.stored.flatMap((id) => id.split(`${topic}/${partition}@`)[1] ?? []).map(Number)
      expect(offsets).toEqual(offsets.toSorted((left, right) => left - right))
    }
    for (const member of members) await member.stop()
  })
})
