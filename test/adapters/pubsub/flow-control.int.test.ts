import type { PubSub } from '@google-cloud/pubsub'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmbeddedPubsub } from '../../../src/embedded/pubsub/embedded-pubsub.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { bareClient, PROJECT, publish, subscribe } from '../../support/pubsub.js'
import { Reading, sourceOf } from './reading.js'

const BODY_BYTES = 10_000
const MESSAGES = 50_000
/** What one answer of the server may bring beyond the bound. */
const RESPONSE_MESSAGES = 1_000
const RESPONSE_BYTES = 1 << 20

describe('flow control', () => {
  let server: EmbeddedPubsub
  let client: PubSub
  let topic: string
  const bounds = [
    { name: 'messages', maxMessages: 2_000, maxBytes: 1 << 30, subscription: 'bounded-by-messages' },
    { name: 'bytes', maxMessages: 100_000, maxBytes: 8 << 20, subscription: 'bounded-by-bytes' },
  ]
  beforeAll(async () => {
    server = await EmbeddedPubsub.start()
    client = bareClient(server.address)
    ;({ topic } = await subscribe(client))
    for (const { subscription } of bounds) await client.topic(topic).createSubscription(subscription)
    const bodies = Array.from({ length: MESSAGES / 10 }, () => Buffer.alloc(BODY_BYTES, 'x'))
    for (let round = 0; round < 10; round++) await publish(client, topic, bodies)
  }, 120_000)
  afterAll(async () => {
    await client.close()
    await server[Symbol.asyncDispose]()
  })

  it.each(bounds)(
    'holds no more than its bound of $name while nothing is acknowledged, also when the stream breaks',
    async ({ maxMessages, maxBytes, subscription }) => {
      await using proxy = await FaultProxy.start(`http://${server.address}`)
      const source = sourceOf(`127.0.0.1:${proxy.port}`, subscription, { options: { maxMessages, maxBytes } })
      await using reading = new Reading(source, false)
      const deliveries = () => server.statistics(`projects/${PROJECT}/subscriptions/${subscription}`).deliveries
      const least = Math.min(maxMessages, Math.floor(maxBytes / BODY_BYTES))
      await expect.poll(() => reading.messages.length).toBeGreaterThanOrEqual(least)
      // The server lets each new stream have as much again; what is held says no.
      for (let round = 0; round < 3; round++) {
        const before = deliveries()
        proxy.resetAll()
        await expect.poll(deliveries).toBeGreaterThan(before)
      }
      const most = Math.min(maxMessages + RESPONSE_MESSAGES, (maxBytes + RESPONSE_BYTES) / BODY_BYTES)
      expect(Math.max(...reading.given)).toBeLessThanOrEqual(most)
    },
  )
})
