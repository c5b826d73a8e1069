import type { PubSub, Message as Received } from '@google-cloud/pubsub'
import { type PubsubTopicOptions, pubsubTopic } from 'lockstep/pubsub'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutgoingMessage } from '../../../src/core/message.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { bareClient, PROJECT, type PubsubServer, pubsubKinds, subscribe } from '../../support/pubsub.js'

const { signal } = new AbortController()

function outgoing(count: number, keyOf: (index: number) => string | undefined): readonly OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    key: keyOf(index),
    body: Buffer.from(String(index)),
    headers: { index: String(index) },
  }))
}

for (const kind of pubsubKinds()) {
  describe(`a Pub/Sub topic on ${kind.name}`, () => {
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
    const writer = (topic: string, options: Partial<PubsubTopicOptions> = {}) =>
      pubsubTopic({ project: PROJECT, topic, emulatorHost: server.address, ...options }).open()

    /** What the real client receives, in its order. */
    async function received(subscription: string, count: number): Promise<readonly Received[]> {
      const messages: Received[] = []
      const reader = client.subscription(subscription)
      reader.on('message', (message: Received) => {
        messages.push(message)
        message.ack()
      })
      await expect.poll(() => messages.length).toBe(count)
      await reader.close()
      return messages
    }

    it('has every message, each key in its order', async () => {
      const { topic, subscription } = await subscribe(client, { ordered: true })
      await using target = writer(topic)
      await target.write(
        outgoing(2_500, (index) => `key ${index % 3}`),
        signal,
      )
      const messages = await received(subscription, 2_500)
      for (const key of ['key 0', 'key 1', 'key 2']) {
        const order = messages.filter(({ orderingKey }) => orderingKey === key).map(({ data }) => Number(data))
        expect(order).toEqual(Array.from({ length: order.length }, (_, at) => at * 3 + Number(key.at(-1))))
      }
      expect(messages.every(({ data, attributes }) => attributes['index'] === String(data))).toBe(true)
    })

    it('sends no keys when it is not ordered', async () => {
      const { topic, subscription } = await subscribe(client)
      await using target = writer(topic, { ordered: false })
      await target.write(
        outgoing(1_200, (index) => `key ${index}`),
        signal,
      )
      const messages = await received(subscription, 1_200)
      expect(new Set(messages.map(({ orderingKey }) => orderingKey))).toEqual(new Set(['']))
    })

    it('names the messages that Pub/Sub would refuse, and publishes none', async () => {
      const { topic, subscription } = await subscribe(client)
      await using target = writer(topic)
      const good = outgoing(2, () => undefined)
      const bad: readonly OutgoingMessage[] = [
        { key: undefined, body: Buffer.alloc(10_000_001), headers: {} },
        { key: undefined, body: Buffer.alloc(0), headers: {} },
        { key: undefined, body: Buffer.from('x'), headers: { long: 'é'.repeat(513) } },
        { key: 'k'.repeat(1_025), body: Buffer.from('x'), headers: {} },
      ]
      const writing = target.write([...bad, ...good], signal)
      await expect(writing).rejects.toMatchObject({ name: 'DataError', bad: [0, 1, 2, 3] })
      await target.write(good, signal)
      expect((await received(subscription, 2)).map(({ data }) => String(data)).sort()).toEqual(['0', '1'])
    })

    it('is a ConfigError when it is missing; with `create` it is made', async () => {
      const topic = `topic-made-${process.pid}`
      await using missing = writer(topic)
      const messages = outgoing(1, () => undefined)
      await expect(missing.write(messages, signal)).rejects.toMatchObject({
        name: 'ConfigError',
        code: 'topic-missing',
        fix: expect.stringContaining(`gcloud pubsub topics create ${topic} --project=${PROJECT}`),
      })
      await using made = writer(topic, { create: true })
      await made.write(messages, signal)
      expect(await client.topic(topic).exists()).toEqual([true])
    })

    it('is an UnavailableError while the server is away, and takes all of it again when it is back', async () => {
      const { topic, subscription } = await subscribe(client)
      await using proxy = await FaultProxy.start(`http://${server.address}`)
      await using target = writer(topic, { emulatorHost: `127.0.0.1:${proxy.port}` })
      const messages = outgoing(10, () => undefined)
      await proxy.set({ kind: 'refuse' })
      await expect(target.write(messages, signal)).rejects.toMatchObject({ name: 'UnavailableError' })
      await proxy.set({ kind: 'none' })
      await expect.poll(() => target.write(messages, signal).then(() => 'written')).toBe('written')
      expect(await received(subscription, 10)).toHaveLength(10)
    })

    it('can be diagnosed, without a change', async () => {
      const { topic } = await subscribe(client)
      const diagnose = (name: string) =>
        pubsubTopic({ project: PROJECT, topic: name, emulatorHost: server.address }).diagnose(signal)
      expect(await diagnose(topic)).toMatchObject([{ level: 'ok', subject: `pubsub://${PROJECT}/${topic}` }])
      expect(await diagnose('not-there')).toMatchObject([{ level: 'error' }])
    })
  })
}
