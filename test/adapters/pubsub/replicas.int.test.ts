import { describe, expect, it } from 'vitest'
import { bareClient, publish, pubsubKinds, subscribe } from '../../support/pubsub.js'
import { Reading, sourceOf } from './reading.js'

const REPLICAS = 3
const ROUNDS = 6
const MESSAGES_A_ROUND = 1_500

for (const kind of pubsubKinds()) {
  describe(`three replicas on one subscription of ${kind.name}`, () => {
    it('have acknowledged all that was published, though one of them is stopped again and again', async () => {
      await using server = await kind.start()
      const client = bareClient(server.address)
      const { topic, subscription } = await subscribe(client)
      const acknowledged: ReadonlySet<string>[] = []
      const start = () => {
        const reading = new Reading(sourceOf(server.address, subscription, { batch: { items: 50 } }), true)
        acknowledged.push(reading.acknowledged)
        return reading
      }
      const total = () => new Set(acknowledged.flatMap((ids) => [...ids]))
      const replicas = Array.from({ length: REPLICAS }, start)
      const published = new Set<string>()
      for (let round = 0; round < ROUNDS; round++) {
        const before = total().size
        const bodies = Array.from({ length: MESSAGES_A_ROUND }, () => 'x')
        for (const id of await publish(client, topic, bodies)) published.add(id)
        await expect.poll(() => total().size).toBeGreaterThan(before)
        const [oldest] = replicas.splice(0, 1, start())
        replicas.push(...replicas.splice(0, 1))
        await oldest?.[Symbol.asyncDispose]()
      }
      await expect.poll(() => total().size).toBe(published.size)
      expect(total()).toEqual(published)
      await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()))
      await client.close()
    })
  })
}
