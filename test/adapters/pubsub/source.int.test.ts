import type { PubSub } from '@google-cloud/pubsub'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bareClient, PROJECT, type PubsubServer, publish, pubsubKinds, subscribe } from '../../support/pubsub.js'
import { Reading, sourceOf } from './reading.js'

for (const kind of pubsubKinds()) {
  describe(`a Pub/Sub subscription on ${kind.name}`, () => {
    let server: PubsubServer
    let client: PubSub
    beforeAll(async () => {
      server = await kind.start()
      client = bareClient(server.address)
    })
    afterAll(async () => {
      await client.close()
      await server[Symbol.asyncDispose]()
    })

    it('gives messages as they were published', async () => {
      const { topic, subscription } = await subscribe(client, { ordered: true })
      const before = Date.now()
      const data = Buffer.from([0, 255, 10, 195])
      const attributes = { type: 'scan', toString: 'text' }
      const id = await client
        .topic(topic, { messageOrdering: true })
        .publishMessage({ data, attributes, orderingKey: 'k' })
      await using reading = new Reading(sourceOf(server.address, subscription), true)
      await expect.poll(() => reading.messages.length).toBe(1)
      const [message] = reading.messages
      expect(message).toMatchObject({ id, key: 'k', type: undefined, metadata: undefined, revision: undefined })
      expect(Buffer.from(message?.body ?? [])).toEqual(data)
      expect({ ...message?.headers }).toEqual(attributes)
      expect(Object.getPrototypeOf(message?.headers)).toBeNull()
      expect(message?.stream).toBe(`projects/${PROJECT}/subscriptions/${subscription}`)
      expect(message?.publishedAt).toBeGreaterThan(before - 5_000)
      expect(message?.publishedAt).toBeLessThan(Date.now() + 5_000)
    })

    it('keeps the order of each key, in one lane', async () => {
      const { topic, subscription } = await subscribe(client, { ordered: true })
      const keyOf = (index: number) => `key ${index % 20}`
      const bodies = Array.from({ length: 2_000 }, (_, index) => String(index))
      await publish(client, topic, bodies, keyOf)
      await using reading = new Reading(sourceOf(server.address, subscription), true)
      await expect.poll(() => reading.ids.size).toBe(2_000)
      const lanes = new Map<string, Set<string>>()
      const orders = new Map<string, number[]>()
      for (const { lane, items } of reading.batches) {
        for (const { key = '', body } of items) {
          lanes.set(key, (lanes.get(key) ?? new Set()).add(lane))
          orders.set(key, [...(orders.get(key) ?? []), Number(Buffer.from(body))])
        }
      }
      expect([...lanes.values()].map((used) => used.size)).toEqual(Array.from({ length: 20 }, () => 1))
      expect(new Set([...lanes.values()].flatMap((used) => [...used])).size).toBe(4)
      for (const order of orders.values()) {
        expect(order).toHaveLength(100)
        expect(order).toEqual([...order].sort((left, right) => left - right))
      }
    })

    it('spreads messages without key over the lanes by full batches', async () => {
      const { topic, subscription } = await subscribe(client)
      await publish(
        client,
        topic,
        Array.from({ length: 1_000 }, () => 'x'),
      )
      const source = sourceOf(server.address, subscription, { batch: { waitMs: 500 } })
      await using reading = new Reading(source, false)
      await expect.poll(() => reading.ids.size).toBe(1_000)
      expect(reading.batches.map(({ items }) => items.length)).toEqual(Array.from({ length: 10 }, () => 100))
      expect(reading.batches.map(({ lane }) => lane)).toEqual(['0', '1', '2', '3', '0', '1', '2', '3', '0', '1'])
    })

    it('hands back at once, when it is stopped, what is not acknowledged', async () => {
      const { topic, subscription } = await subscribe(client)
      const ids = await publish(
        client,
        topic,
        Array.from({ length: 1_000 }, () => 'x'),
      )
      const reading = new Reading(sourceOf(server.address, subscription), false)
      await expect.poll(() => reading.ids.size).toBe(1_000)
      const stoppedAt = performance.now()
      await reading[Symbol.asyncDispose]()
      await using other = new Reading(sourceOf(server.address, subscription), true)
      await expect.poll(() => other.ids.size).toBe(ids.length)
      // Their leases would have run for 30 s more.
      expect(performance.now() - stoppedAt).toBeLessThan(10_000)
    })

    it('goes on holding what was given out when only its iteration ends, so that it can still be stored', async () => {
      const { topic, subscription } = await subscribe(client)
      await publish(
        client,
        topic,
        Array.from({ length: 500 }, () => 'x'),
      )
      const source = sourceOf(server.address, subscription)
      await using reading = new Reading(source, false)
      await expect.poll(() => reading.ids.size).toBe(500)
      await reading.stop()
      for (const batch of reading.batches) await source.acknowledge(batch)
      await source[Symbol.asyncDispose]()
      await using other = new Reading(sourceOf(server.address, subscription), true)
      const [last] = await publish(client, topic, ['last'])
      await expect.poll(() => other.ids.has(last ?? '')).toBe(true)
      expect(other.messages.map(({ id }) => id)).toEqual([last])
    })

    it('has confirmed every acknowledgement when it is disposed of', async () => {
      const { topic, subscription } = await subscribe(client)
      await publish(
        client,
        topic,
        Array.from({ length: 5_000 }, () => 'x'),
      )
      const source = sourceOf(server.address, subscription)
      const reading = new Reading(source, true)
      await expect.poll(() => reading.acknowledged.size).toBe(5_000)
      await reading[Symbol.asyncDispose]()
      await using other = new Reading(sourceOf(server.address, subscription), true)
      const [last] = await publish(client, topic, ['last'])
      await expect.poll(() => other.ids.has(last ?? '')).toBe(true)
      expect(other.ids.size).toBe(1)
    })

    it('is a ConfigError that says how to make it, when it is missing; with `create` it is made', async () => {
      const { topic } = await subscribe(client)
      const subscription = `${topic}-made`
      const read = async () => {
        await using source = sourceOf(server.address, subscription)
        await source.read(new Map(), new AbortController().signal)[Symbol.asyncIterator]().next()
      }
      await expect(read()).rejects.toMatchObject({
        name: 'ConfigError',
        code: 'subscription-missing',
        fix: expect.stringContaining(`gcloud pubsub subscriptions create ${subscription}`),
      })
      const options = { create: true, ordered: true, topic }
      await using reading = new Reading(sourceOf(server.address, subscription, { options }), true)
      await expect.poll(async () => (await client.subscription(subscription).exists())[0]).toBe(true)
      const [id] = await publish(client, topic, ['first'], () => 'key')
      await expect.poll(() => reading.ids.has(id ?? '')).toBe(true)
      const [{ enableMessageOrdering }] = await client.subscription(subscription).getMetadata()
      expect(enableMessageOrdering).toBe(true)
    })

    it('makes the topic, too', async () => {
      const subscription = `made-with-topic-${process.pid}`
      const options = { create: true, topic: `${subscription}-topic` }
      await using reading = new Reading(sourceOf(server.address, subscription, { options }), true)
      await expect.poll(async () => (await client.subscription(subscription).exists())[0]).toBe(true)
      const [id] = await publish(client, options.topic, ['first'])
      await expect.poll(() => reading.ids.has(id ?? '')).toBe(true)
    })

    it('refuses `ordered` where the subscription keeps no order', async () => {
      const { topic, subscription } = await subscribe(client)
      await using source = sourceOf(server.address, subscription, { options: { create: true, ordered: true, topic } })
      const first = source.read(new Map(), new AbortController().signal)[Symbol.asyncIterator]().next()
      await expect(first).rejects.toMatchObject({ name: 'ConfigError', code: 'subscription-unordered' })
    })
  })
}
