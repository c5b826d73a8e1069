import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kafka, kafkaTopic } from '../../src/adapters/kafka/index.js'
import { MemorySource } from '../../src/adapters/memory/index.js'
import { type PostgresDatabase, postgres } from '../../src/adapters/postgres/index.js'
import { armFailpoint } from '../../src/core/failpoint.js'
import type { FlowContext } from '../../src/core/flow.js'
import type { Message } from '../../src/core/message.js'
import type { FlowEvent } from '../../src/core/observer.js'
import type { Stream } from '../../src/core/stream.js'
import type { RelayOptions } from '../../src/flows/relay/options.js'
import { relay } from '../../src/flows/relay/relay.js'
import { produceTo, quietKafka } from '../support/kafka/client.js'
import { API, type MockCluster, PROTOCOL_ERROR, startMockCluster } from '../support/kafka/mock-cluster.js'
import { streamOptions, take } from '../support/kafka/streams.js'
import { testDatabase } from '../support/postgres.js'

const database = testDatabase()
let cluster: MockCluster
let state: PostgresDatabase
beforeAll(async () => {
  cluster = await startMockCluster(1)
  state = postgres(database.url, { insecureTls: 'plaintext' })
})
afterAll(async () => {
  await state[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

/** Events of several event streams in one lane, as a catch-up of an event store gives them. */
function events(count: number, body: (at: number) => string = (at) => `event ${at}`): Message[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `event-${at}`,
    body: Buffer.from(body(at)),
    key: undefined,
    type: at % 2 === 0 ? 'quote_started' : 'quote_updated',
    headers: { tenant: 'a' },
    metadata: Buffer.from('{"user":1}'),
    stream: `quote-${at % 7}`,
    revision: BigInt(Math.floor(at / 7)),
    publishedAt: 1_700_000_000_000 + at,
  }))
}

function streamOf(messages: readonly Message[]): Stream {
  return {
    system: 'memory',
    label: 'memory://events',
    source: () => {
      const source = new MemorySource<Message>({ batchItems: 50 })
      source.append('all', messages)
      source.end()
      return source
    },
    diagnose: async () => [],
  }
}

function contextOf(name: string, observed: FlowEvent[] = []): FlowContext {
  const { signal } = new AbortController()
  return { name, observer: (event) => observed.push(event), drain: signal, abort: signal, untilCaughtUp: true }
}

async function relayed(name: string, options: Partial<RelayOptions> & Pick<RelayOptions, 'from'>) {
  const topic = `topic-${randomUUID()}`
  await cluster.createTopic(topic, 3)
  const client = quietKafka(cluster)
  const flow = relay({ to: kafkaTopic({ client, topic }), state, ...options })
  return { topic, flow, run: (observed?: FlowEvent[]) => flow.run(contextOf(name, observed)) }
}

/** All there is in a topic once `count` messages are, in the order of each partition. */
async function contents(topic: string, count: number): Promise<readonly Message[]> {
  const stream = kafka({ client: quietKafka(cluster), topics: [topic], groupId: `reader-${randomUUID()}` })
  await using source = stream.source(streamOptions())
  return (await take(source, new Map(), ({ messages }) => messages.length >= count)).messages
}

describe('relay', () => {
  it('passes on all events, in order within their streams, and kafka() gives them back as they were', async () => {
    const sent = events(500)
    const { topic, run } = await relayed('order', { from: streamOf(sent) })
    await run()
    const got = await contents(topic, sent.length)
    expect(got.length).toBe(sent.length)
    const byId = new Map(got.map((message) => [message.id, message]))
    for (const message of sent) {
      const back = byId.get(message.id)
      expect(back).toMatchObject({
        type: message.type,
        stream: message.stream,
        revision: message.revision,
        publishedAt: message.publishedAt,
        key: message.stream,
      })
      expect(Buffer.from(back?.body ?? []).toString()).toBe(Buffer.from(message.body).toString())
      expect(Buffer.from(back?.metadata ?? []).toString()).toBe('{"user":1}')
      expect(back?.headers['tenant']).toBe('a')
    }
    for (const stream of new Set(sent.map((message) => message.stream))) {
      const revisions = got.filter((message) => message.stream === stream).map(({ revision }) => Number(revision))
      expect(revisions).toEqual(revisions.toSorted((left, right) => left - right))
    }
  })

  it('writes some twice and loses none when it ends between a write and its checkpoint', async () => {
    const sent = events(300)
    const { topic, run } = await relayed('killed', { from: streamOf(sent) })
    let batches = 0
    const disarm = armFailpoint('engine:before-checkpoint', () => {
      if (++batches === 3) throw new Error('killed')
    })
    await expect(run()).rejects.toThrow('killed')
    disarm()
    await run()
    const got = await contents(topic, sent.length + 50)
    expect(new Set(got.map(({ id }) => id))).toEqual(new Set(sent.map(({ id }) => id)))
    const twice = got.map(({ id }) => id).filter((id, at, all) => all.indexOf(id) !== at)
    expect(twice.length).toBe(50)
  })

  it('makes a letter of a message that is too large, sends the others, and replays it', async () => {
    const large = 'x'.repeat(2_000)
    const sent = events(100, (at) => (at === 42 ? large : `event ${at}`))
    const topic = `topic-${randomUUID()}`
    await cluster.createTopic(topic, 1)
    const to = kafkaTopic({ client: quietKafka(cluster), topic, maxMessageBytes: 1_500 })
    const { flow, run } = await relayed('too-large', { from: streamOf(sent), to })
    const observed: FlowEvent[] = []
    await run(observed)
    expect(observed.filter(({ type }) => type === 'dead-letters')).toMatchObject([
      { count: 1, code: 'message-too-large' },
    ])
    const letters = await flow.deadLetters?.[0]?.list('too-large')
    expect(letters).toMatchObject([{ itemKey: 'event-42', payload: large, code: 'message-too-large', state: 'dead' }])
    const got = await contents(topic, 99)
    expect(got.map(({ id }) => id)).toEqual(sent.flatMap(({ id }) => (id === 'event-42' ? [] : [id])))
    // Then with a target that takes it.
    const roomy = relay({ from: streamOf([]), to: kafkaTopic({ client: quietKafka(cluster), topic }), state })
    expect(await roomy.replay?.({}, contextOf('too-large'))).toEqual({ letters: 1, replayed: 1, failed: 0 })
    expect((await contents(topic, 100)).at(-1)?.id).toBe('event-42')
  })

  it('halves a request that the broker calls too large', async () => {
    const sent = events(40)
    const { topic, run } = await relayed('halved', { from: streamOf(sent) })
    await cluster.fail(API.produce, PROTOCOL_ERROR.messageTooLarge, 2)
    await run()
    const got = await contents(topic, sent.length)
    expect(new Set(got.map(({ id }) => id)).size).toBe(sent.length)
  })

  it('leaves out what the filter refuses, uses the given key and headers, and counts', async () => {
    const sent = events(60)
    const observed: FlowEvent[] = []
    const { topic, run } = await relayed('filtered', {
      from: streamOf(sent),
      filter: ({ type }) => type === 'quote_started',
      key: ({ stream }) => `key of ${stream}`,
      headers: ({ id }) => ({ copy: id, 'lockstep-id': 'not this' }),
    })
    await run(observed)
    const got = await contents(topic, 30)
    expect(got.length).toBe(30)
    for (const { id, key, stream, headers } of got) {
      expect(key).toBe(`key of ${stream}`)
      expect([headers['copy'], headers['lockstep-id']]).toEqual([id, id])
    }
    const skipped = observed.flatMap((event) => (event.type === 'skipped' ? [event.count] : []))
    expect(skipped.reduce((sum, count) => sum + count, 0)).toBe(30)
  })

  it('waits for brokers that are away, and writes all when they are back', async () => {
    const sent = events(100)
    const { topic, run } = await relayed('waits', { from: streamOf(sent) })
    await cluster.down()
    const observed: FlowEvent[] = []
    const done = run(observed)
    await expect.poll(() => observed.some((event) => event.type === 'health' && !event.healthy)).toBe(true)
    await cluster.up()
    await done
    const got = await contents(topic, 100)
    expect(got.length).toBeGreaterThanOrEqual(100)
    expect(await produceTo(quietKafka(cluster), topic, 0, [{ value: 'alive' }])).toHaveLength(1)
  })

  it('stops at a topic that is not there', async () => {
    const flow = relay({
      from: streamOf(events(1)),
      to: kafkaTopic({ client: quietKafka(cluster), topic: 'nowhere' }),
      state,
    })
    await expect(flow.run(contextOf('nowhere'))).rejects.toMatchObject({ code: 'kafka-topic-missing' })
    expect(await flow.diagnose(AbortSignal.timeout(10_000))).toMatchObject([{ level: 'error' }, { level: 'ok' }])
  })
})
