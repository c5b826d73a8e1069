import { describe, it } from 'vitest'
import { bareClient, publish, pubsubKinds, subscribe } from '../../support/pubsub.js'
import { Reading, sourceOf } from './reading.js'

const LEASE_MS = 10_000

for (const kind of pubsubKinds()) {
  describe.concurrent(`a lease on ${kind.name}`, () => {
    it('is kept while a batch waits for longer than it, and only then', { timeout: 90_000 }, async ({ expect }) => {
      await using server = await kind.start()
      const client = bareClient(server.address)
      const kept = await subscribe(client)
      const lost = await subscribe(client)
      const bodies = Array.from({ length: 300 }, () => 'x')
      const ids = await publish(client, kept.topic, bodies)
      const lostIds = await publish(client, lost.topic, bodies)

      const source = sourceOf(server.address, kept.subscription, { options: { leaseMs: LEASE_MS } })
      await using holder = new Reading(source, false)
      // The control: the same without renewal comes again, to another.
      const options = { leaseMs: LEASE_MS, maxExtensionMs: 1 }
      await using loser = new Reading(sourceOf(server.address, lost.subscription, { options }), false)
      await expect.poll(() => holder.ids.size + loser.ids.size).toBe(ids.length + lostIds.length)
      await using keptElsewhere = new Reading(sourceOf(server.address, kept.subscription), true)
      await using lostElsewhere = new Reading(sourceOf(server.address, lost.subscription), true)
      await expect
        .poll(() => new Set([...lostElsewhere.ids, ...loser.messages.slice(300).map(({ id }) => id)]).size, {
          timeout: 40_000,
        })
        .toBe(lostIds.length)
      expect(keptElsewhere.messages).toEqual([])
      expect(holder.messages).toHaveLength(ids.length)

      await holder.stop()
      for (const batch of holder.batches) await source.acknowledge(batch)
      const [last] = await publish(client, kept.topic, ['last'])
      await expect.poll(() => [...keptElsewhere.ids]).toEqual([last])
      await client.close()
    })
  })
}
