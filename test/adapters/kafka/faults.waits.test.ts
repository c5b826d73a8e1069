import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KafkaOptions, kafka } from '../../../src/adapters/kafka/index.js'
import { memorySink } from '../../../src/adapters/memory/index.js'
import { ConfigError, UnavailableError } from '../../../src/core/errors.js'
import type { Message } from '../../../src/core/message.js'
import { run } from '../../../src/engine/run.js'
import { produceTo, quietKafka } from '../../support/kafka/client.js'
import { type MockCluster, startMockCluster } from '../../support/kafka/mock-cluster.js'
import { streamOptions, take } from '../../support/kafka/streams.js'

let cluster: MockCluster
beforeAll(async () => {
  cluster = await startMockCluster(1)
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** The mock takes 3 s to let the first member in, in which that must not be given up. */
const SESSION_MS = 4_000

function streamOf(topic: string, options: Partial<KafkaOptions> = {}) {
  const group = { groupId: `group-${randomUUID()}`, sessionTimeoutMs: SESSION_MS, heartbeatMs: 200 }
  return kafka({ client: quietKafka(cluster), topics: [topic], ...group, ...options })
}

async function newTopic(partitions = 1): Promise<string> {
  const topic = `topic-${randomUUID()}`
  await cluster.createTopic(topic, partitions)
  return topic
}

const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, at) => ({ value: `${from + at}` }))

/** More than the mock keeps of a partition, so that the first are gone. */
async function overflow(topic: string): Promise<void> {
  const filler = 'x'.repeat(500_000)
  for (let part = 0; part < 14; part++) await produceTo(quietKafka(cluster), topic, 0, [{ value: filler }])
}

describe('kafka and its faults', () => {
  it('stops at a topic that is not there, and does not make it', async () => {
    await using source = streamOf('nowhere').source(streamOptions())
    await expect(take(source, new Map(), () => true)).rejects.toMatchObject({ code: 'kafka-topic-missing' })
    await expect(take(source, new Map(), () => true)).rejects.toBeInstanceOf(ConfigError)
    expect(await streamOf('nowhere').diagnose(AbortSignal.timeout(10_000))).toMatchObject([{ level: 'error' }])
  })

  it('reports brokers that cannot be reached as unavailable, also to doctor', async () => {
    const client = quietKafka(cluster, { brokers: ['127.0.0.1:1'] })
    const stream = streamOf('any', { client })
    await using source = stream.source(streamOptions())
    await expect(take(source, new Map(), () => true)).rejects.toBeInstanceOf(UnavailableError)
    expect(await stream.diagnose(AbortSignal.timeout(10_000))).toMatchObject([{ level: 'error' }])
  })

  it('stops loudly when messages after the saved position are gone, naming lane, position and oldest', async () => {
    const topic = await newTopic()
    await overflow(topic)
    const lane = `${topic}/0`
    await using source = streamOf(topic).source(streamOptions())
    const reading = take(source, new Map([[lane, '1']]), () => true)
    await expect(reading).rejects.toMatchObject({ name: 'ConfigError', code: 'kafka-gap' })
    await expect(reading).rejects.toThrow(
      new RegExp(`lane ${lane}: the next message is 1, but the oldest that is still there is \\d+`),
    )
  })

  it('goes on from the oldest when told to, with a notice', async () => {
    const topic = await newTopic()
    await overflow(topic)
    const notices: string[] = []
    await using source = streamOf(topic, { onGap: 'earliest' }).source(
      streamOptions({ notice: ({ code }) => notices.push(code) }),
    )
    const { messages } = await take(source, new Map([[`${topic}/0`, '1']]), (taken) => taken.messages.length > 0)
    expect(messages[0]?.revision).toBeGreaterThan(1n)
    expect(notices).toEqual(['kafka-gap'])
  })

  it('stops when the topic ends before the saved position, as one made anew does', async () => {
    const topic = await newTopic()
    await produceTo(quietKafka(cluster), topic, 0, numbered(3))
    await using source = streamOf(topic).source(streamOptions())
    const reading = take(source, new Map([[`${topic}/0`, '100']]), () => true)
    await expect(reading).rejects.toMatchObject({ code: 'kafka-gap' })
    await expect(reading).rejects.toThrow(/the topic ends before 3/)
  })

  it('notices that messages are deleted under a reader that is slow', async () => {
    const topic = await newTopic()
    await produceTo(quietKafka(cluster), topic, 0, numbered(20))
    await using source = streamOf(topic, { bufferBytes: 1024, heartbeatMs: 100 }).source(
      streamOptions({ batch: { items: 1, bytes: 1, waitMs: 0 } }),
    )
    const reading = (async () => {
      for await (const batch of source.read(new Map(), new AbortController().signal)) {
        if (batch.items.length > 0 && batch.position === '20') await overflow(topic)
      }
    })()
    // It may have fetched some of what was deleted later; what it has not must not be passed over.
    await expect(reading).rejects.toMatchObject({ code: 'kafka-gap' })
  })

  it('begins, without fromBeginning, with what comes from now on, and remembers that', async () => {
    const topic = await newTopic()
    const plain = quietKafka(cluster)
    await produceTo(plain, topic, 0, numbered(5))
    const stream = streamOf(topic, { fromBeginning: false })
    await using source = stream.source(streamOptions())
    const first = await take(source, new Map(), ({ positions }) => positions.size > 0)
    expect(first).toEqual({ messages: [], positions: new Map([[`${topic}/0`, '5']]) })
    await produceTo(plain, topic, 0, numbered(2, 5))
    const { messages } = await take(source, first.positions, (taken) => taken.messages.length > 0)
    expect(messages.map(({ body }) => Buffer.from(body).toString())).toEqual(['5', '6'])
  })

  it('reads on, nothing lost and nothing twice, after the broker was away', { timeout: 90_000 }, async () => {
    const topic = await newTopic(2)
    const plain = quietKafka(cluster)
    const sink = memorySink<Message>({ key: ({ id }) => id, transactional: true })
    await using source = streamOf(topic).source(streamOptions())
    const drain = new AbortController()
    const health: boolean[] = []
    const done = run(
      { flow: 'flow', source, sink },
      {
        observer: (event) => {
          if (event.type === 'health') health.push(event.healthy)
        },
        drain: drain.signal,
        abort: new AbortController().signal,
      },
    )
    const wanted: string[] = []
    for (let round = 0; round < 3; round++) {
      for (const partition of [0, 1]) wanted.push(...(await produceTo(plain, topic, partition, numbered(100))))
      await expect.poll(() => sink.items.length, { timeout: 30_000 }).toBe(wanted.length)
      await cluster.down()
      await expect.poll(() => health.at(-1), { timeout: 30_000 }).toBe(false)
      await cluster.up()
    }
    wanted.push(...(await produceTo(plain, topic, 1, numbered(10))))
    await expect.poll(() => sink.items.length, { timeout: 30_000 }).toBe(wanted.length)
    drain.abort()
    await done
    expect(new Set(sink.items.map(({ id }) => id))).toEqual(new Set(wanted))
  })

  it('keeps its place in the group, and bounded memory, while the target takes its time', async () => {
    const topic = await newTopic()
    await produceTo(quietKafka(cluster), topic, 0, numbered(3_000))
    await using source = streamOf(topic, { sessionTimeoutMs: SESSION_MS }).source(
      streamOptions({ batch: { items: 10, bytes: 1_000_000, waitMs: 1 } }),
    )
    const iterator = source.read(new Map(), new AbortController().signal)[Symbol.asyncIterator]()
    const first = await iterator.next()
    let read = first.value?.items.length ?? 0
    // Longer than the session, in which nobody asks for more.
    await new Promise((resolve) => setTimeout(resolve, 1.5 * SESSION_MS))
    while (read < 3_000) {
      const { value, done } = await iterator.next()
      if (done) break
      read += value.items.length
    }
    expect(read).toBe(3_000)
    await iterator.return?.()
  })
})
