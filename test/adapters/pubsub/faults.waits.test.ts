import type { PubSub } from '@google-cloud/pubsub'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SubscriberCalls } from '../../../src/adapters/pubsub/calls.js'
import { subscriberLink } from '../../../src/adapters/pubsub/link.js'
import { EmbeddedPubsub } from '../../../src/embedded/pubsub/embedded-pubsub.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { bareClient, PROJECT, publish, subscribe } from '../../support/pubsub.js'
import { Reading, sourceOf } from './reading.js'

const PERMISSION_DENIED = 7
const UNAUTHENTICATED = 16

// What Google's emulator cannot be made to do.
describe('a Pub/Sub source when the double misbehaves', () => {
  let server: EmbeddedPubsub
  let client: PubSub
  beforeEach(async () => {
    server = await EmbeddedPubsub.start()
    client = bareClient(server.address)
  })
  afterEach(async () => {
    await client.close()
    await server[Symbol.asyncDispose]()
  })
  const left = (subscription: string) => {
    const { waiting, leased } = server.statistics(`projects/${PROJECT}/subscriptions/${subscription}`)
    return waiting + leased
  }
  const bodies = (count: number) => Array.from({ length: count }, (_, index) => String(index))

  it('gives everything, though messages come twice, in any order, and acknowledgements are forgotten', {
    timeout: 90_000,
  }, async () => {
    const { topic, subscription } = await subscribe(client)
    server.knobs.duplicates = 0.2
    server.knobs.shuffle = true
    server.knobs.dropAcks = 0.05
    const ids = await publish(client, topic, bodies(3_000))
    await using reading = new Reading(sourceOf(server.address, subscription, { options: { leaseMs: 10_000 } }), true)
    await expect.poll(() => reading.ids.size).toBe(3_000)
    expect(reading.messages.length).toBeGreaterThan(3_300)
    expect(reading.messages.map(({ id }) => id).slice(0, 100)).not.toEqual(ids.slice(0, 100))
    server.knobs.dropAcks = 0
    // What was forgotten comes again when its lease is over.
    await expect.poll(() => left(subscription), { timeout: 30_000 }).toBe(0)
  })

  it('loses nothing and holds nothing when the server is killed and restarted again and again', {
    timeout: 90_000,
  }, async () => {
    const { topic, subscription } = await subscribe(client)
    await using reading = new Reading(sourceOf(server.address, subscription, { options: { leaseMs: 10_000 } }), true)
    const published: string[] = []
    for (let round = 0; round < 4; round++) {
      published.push(...(await publish(client, topic, bodies(2_000))))
      const goal = round * 2_000 + 200
      await expect.poll(() => reading.ids.size).toBeGreaterThan(goal)
      server.kill()
      await expect.poll(() => reading.errors.length).toBeGreaterThan(round)
      await server.restart()
    }
    // What was on its way is leased to nobody until its lease is over.
    await expect.poll(() => left(subscription), { timeout: 30_000 }).toBe(0)
    // The answer to the last acknowledgement is on its way by then.
    await expect.poll(() => reading.acknowledged.size).toBe(published.length)
    expect(reading.acknowledged).toEqual(new Set(published))
  })

  it('confirms an acknowledgement that the server heard of only after a restart', async () => {
    const { topic, subscription } = await subscribe(client)
    await publish(client, topic, bodies(100))
    await using source = sourceOf(server.address, subscription)
    const iterator = source.read(new Map(), new AbortController().signal)[Symbol.asyncIterator]()
    const { value: batch } = await iterator.next()
    server.kill()
    let confirmed = false
    const acknowledging = source.acknowledge(batch).then(() => {
      confirmed = true
    })
    await expect(iterator.next()).rejects.toMatchObject({ name: 'UnavailableError' })
    expect(confirmed).toBe(false)
    await server.restart()
    await acknowledging
    expect(left(subscription)).toBe(100 - batch.items.length)
  })

  it('notices a server that keeps its connections and says nothing, and reads on when it is back', async () => {
    const { topic, subscription } = await subscribe(client)
    const source = sourceOf(server.address, subscription, { options: { silenceMs: 500 } })
    await using reading = new Reading(source, true)
    const [first] = await publish(client, topic, ['first'])
    await expect.poll(() => reading.ids.has(first ?? '')).toBe(true)
    server.freeze(true)
    await expect.poll(() => reading.errors[0]?.code, { timeout: 5_000 }).toBe('pubsub-silent')
    server.freeze(false)
    const [second] = await publish(client, topic, ['second'])
    await expect.poll(() => reading.acknowledged.has(second ?? '')).toBe(true)
  })

  it.each([{ deaf: 'client' as const }, { deaf: 'server' as const }])(
    'notices a half-open connection ($deaf hears nothing) and takes another',
    async ({ deaf }) => {
      const { topic, subscription } = await subscribe(client)
      await using proxy = await FaultProxy.start(`http://${server.address}`)
      const source = sourceOf(`127.0.0.1:${proxy.port}`, subscription, { options: { silenceMs: 500 } })
      await using reading = new Reading(source, true)
      const [first] = await publish(client, topic, ['first'])
      await expect.poll(() => reading.acknowledged.has(first ?? '')).toBe(true)
      await proxy.set({ kind: 'half-open', deaf })
      await expect.poll(() => reading.errors[0]?.code, { timeout: 5_000 }).toBe('pubsub-silent')
      await proxy.set({ kind: 'none' })
      const [second] = await publish(client, topic, ['second'])
      await expect.poll(() => reading.acknowledged.has(second ?? '')).toBe(true)
    },
  )

  it.each([
    { refuse: PERMISSION_DENIED, code: 'pubsub-permission', what: 'grant roles/pubsub.subscriber' },
    { refuse: UNAUTHENTICATED, code: 'pubsub-credentials', what: 'no valid credentials' },
  ])('waits while it is refused ($code), and reads on', async ({ refuse, code, what }) => {
    const { topic, subscription } = await subscribe(client)
    const [id] = await publish(client, topic, ['first'])
    server.knobs.refuse = refuse
    await using reading = new Reading(sourceOf(server.address, subscription), true)
    await expect.poll(() => reading.errors.length).toBeGreaterThan(1)
    expect(reading.errors[0]).toMatchObject({ name: 'UnavailableError', code, message: expect.stringContaining(what) })
    server.knobs.refuse = undefined
    await expect.poll(() => reading.acknowledged.has(id ?? '')).toBe(true)
  })

  it('has caught up only when all is acknowledged and nothing more comes', async () => {
    const { topic, subscription } = await subscribe(client)
    await publish(client, topic, bodies(2_000))
    const options = { quietMs: 300, maxMessages: 100 }
    const source = sourceOf(server.address, subscription, { options })
    await using reading = new Reading(source, true)
    await source.caughtUp?.(new AbortController().signal)
    expect(left(subscription)).toBe(0)
    expect(reading.acknowledged.size).toBe(2_000)
  })

  it('takes the refusal of a stale acknowledgement, under exactly-once delivery, for what it is', async () => {
    const { topic, subscription } = await subscribe(client, { exactlyOnce: true })
    const ids = await publish(client, topic, bodies(200))
    await using reading = new Reading(sourceOf(server.address, subscription), true)
    await expect.poll(() => reading.acknowledged.size).toBe(ids.length)
    expect(left(subscription)).toBe(0)
    const link = subscriberLink({ emulatorHost: server.address, project: PROJECT, client: undefined })
    const calls = new SubscriberCalls(link, `projects/${PROJECT}/subscriptions/${subscription}`)
    await calls.acknowledge(['never given'])
    await calls.modify(['never given'], 10_000)
    await link.close()
  })
})
