import { type KurrentdbOptions, kurrentdb } from 'lockstep/kurrentdb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Batch } from '../../../src/core/batch.js'
import type { Message } from '../../../src/core/message.js'
import type { Source } from '../../../src/core/source.js'
import { EmbeddedKurrentdb, type EmbeddedKurrentdbOptions } from '../../../src/embedded/kurrentdb/embedded-kurrentdb.js'
import { BareClient, readUntil, streamOptions } from '../../support/kurrentdb.js'

let server: EmbeddedKurrentdb
let bare: BareClient
let sources: Source<Message>[]

async function start(options: EmbeddedKurrentdbOptions = {}): Promise<void> {
  server = await EmbeddedKurrentdb.start(options)
  bare = new BareClient(server.url)
}

beforeEach(() => {
  sources = []
})

afterEach(async () => {
  for (const source of sources) await source[Symbol.asyncDispose]()
  await bare[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

function consumer(subscription: Partial<KurrentdbOptions['subscription']> = {}): Source<Message> {
  const options = { url: server.url, subscription: { group: 'workers', create: true, ...subscription } }
  const source = kurrentdb(options).source(streamOptions())
  sources.push(source)
  return source
}

/** Reads and acknowledges until it is told to stop, then ends as a program does. */
async function work(source: Source<Message>, got: string[], stop: AbortSignal): Promise<void> {
  for await (const batch of source.read(new Map(), stop)) {
    for (const { id } of batch.items) got.push(id)
    await source.acknowledge(batch)
  }
  await source[Symbol.asyncDispose]()
}

describe('a persistent subscription', () => {
  it('brings every event to one of three consumers, of which one ends again and again', async () => {
    await start({ duplicateEvery: 50 })
    const wanted = new Set<string>()
    const got: string[] = []
    const ends: AbortController[] = []
    const workers: Promise<void>[] = []
    const hire = () => {
      const end = new AbortController()
      ends.push(end)
      workers.push(work(consumer({ strategy: 'round-robin', bufferSize: 50 }), got, end.signal))
    }
    for (let count = 0; count < 3; count++) hire()
    for (let round = 0; round < 12; round++) {
      for (const id of await bare.append(`quote-${round % 5}`, 100)) wanted.add(id)
      ends.shift()?.abort()
      hire()
    }
    await expect.poll(() => new Set(got).size).toBe(wanted.size)
    expect(new Set(got)).toEqual(wanted)
    for (const end of ends) end.abort()
    await Promise.all(workers)
    const { stats } = await bare.client.getPersistentSubscriptionToAllInfo('workers')
    expect(stats.parkedMessageCount).toBe(0n)
  })

  it('gives what a consumer did not acknowledge to another at once', async () => {
    await start()
    const ids = await bare.append('quote-1', 30)
    const first = consumer()
    const stop = new AbortController()
    const held: Batch<Message>[] = []
    for await (const batch of first.read(new Map(), stop.signal)) {
      held.push(batch)
      if (held.flatMap(({ items }) => [...items]).length === 30) break
    }
    await first[Symbol.asyncDispose]()
    const begun = performance.now()
    const { messages } = await readUntil(consumer(), (all) => all.length === 30)
    expect(messages.map(({ id }) => id)).toEqual(ids)
    expect(messages.every(({ headers }) => headers['$retryCount'] === '1')).toBe(true)
    // The server's own patience is 60 s.
    expect(performance.now() - begun).toBeLessThan(10_000)
  })

  it('takes acknowledgements after the reading has ended', async () => {
    await start()
    await bare.append('quote-1', 30)
    const source = consumer()
    const held: Batch<Message>[] = []
    const stop = new AbortController()
    for await (const batch of source.read(new Map(), stop.signal)) {
      held.push(batch)
      if (held.flatMap(({ items }) => [...items]).length === 30) break
    }
    for (const batch of held) await source.acknowledge(batch)
    await vi.waitFor(async () => {
      const { stats } = await bare.client.getPersistentSubscriptionToAllInfo('workers')
      expect(stats).toMatchObject({ outstandingMessagesCount: 0, retryBufferCount: 0 })
    })
    const [last] = await bare.append('quote-1', 1)
    const { messages } = await readUntil(consumer(), () => true)
    expect(messages.map(({ id }) => id)).toEqual([last])
  })

  it('keeps the events of a stream in one lane, in their order', async () => {
    await start()
    for (let stream = 0; stream < 10; stream++) await bare.append(`quote-${stream}`, 20)
    const { batches } = await readUntil(consumer(), (all) => all.length === 200)
    const lanes = new Map<string, string>()
    const revisions = new Map<string, bigint>()
    for (const { lane, items } of batches) {
      for (const { stream, revision = -1n } of items) {
        expect(lanes.get(stream) ?? lane).toBe(lane)
        expect(revision).toBe((revisions.get(stream) ?? -1n) + 1n)
        lanes.set(stream, lane)
        revisions.set(stream, revision)
      }
    }
    expect(new Set(lanes.values()).size).toBeGreaterThan(1)
  })

  it('leaves events of the server to nobody, in a group without a filter', async () => {
    await start()
    await bare.client.createPersistentSubscriptionToAll('workers', {
      ...(await import('@kurrent/kurrentdb-client')).persistentSubscriptionToAllSettingsFromDefaults(),
      startFrom: 'start',
    })
    await bare.append('$system', 20, '$stats')
    const ids = await bare.append('quote-1', 2)
    const { messages } = await readUntil(consumer({ create: false }), (all) => all.length === 2)
    expect(messages.map(({ id }) => id)).toEqual(ids)
    await vi.waitFor(async () => {
      const { stats } = await bare.client.getPersistentSubscriptionToAllInfo('workers')
      expect(stats.outstandingMessagesCount).toBe(0)
    })
  })

  it('that is missing stops the flow, unless it is to be created', async () => {
    await start()
    const read = readUntil(consumer({ create: false }), () => true)
    await expect(read).rejects.toMatchObject({ name: 'ConfigError', code: 'group-missing' })
  })
})
