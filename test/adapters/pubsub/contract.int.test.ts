import type { PubSub } from '@google-cloud/pubsub'
import { type PubsubOptions, pubsub } from 'lockstep/pubsub'
import { afterAll, beforeAll } from 'vitest'
import { laneOf } from '../../../src/adapters/pubsub/lane-of.js'
import type { Message } from '../../../src/core/message.js'
import { type SourceHarness, sourceContract } from '../../contracts/source.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { bareClient, PROJECT, type PubsubServer, publish, pubsubKinds, subscribe } from '../../support/pubsub.js'

const LANES = 2
/** One for each lane, so that each lane has one order. */
const KEYS = ['a', 'b']
if (new Set(KEYS.map((key) => laneOf(key, LANES))).size !== LANES) throw new Error('the keys share a lane')

for (const kind of pubsubKinds()) {
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
  sourceContract(`pubsub with ordering keys on ${kind.name}`, () => open(server, client))
}

async function open(server: PubsubServer, client: PubSub): Promise<SourceHarness<Message>> {
  const { topic, subscription } = await subscribe(client, { ordered: true })
  const proxy = await FaultProxy.start(`http://${server.address}`)
  const options: PubsubOptions = {
    project: PROJECT,
    subscription,
    emulatorHost: `127.0.0.1:${proxy.port}`,
    quietMs: 200,
    // With several, the emulator gives no more of a key before what it gave is acknowledged; this suite reads on without.
    streams: 1,
  }
  const batch = { items: 50, bytes: 1 << 20, waitMs: 20 }
  const make = () => pubsub(options).source({ flow: 'contract', batch, lanes: LANES, notice: () => undefined })
  const made = [make()]
  const [source] = made
  if (source === undefined) throw new Error('no source')
  let produced = 0
  return {
    source,
    produce(count) {
      const bodies = Array.from({ length: count }, () => `body ${produced++}`)
      return publish(client, topic, bodies, (index) => KEYS[index % KEYS.length] ?? '')
    },
    identify: ({ id }) => id,
    requests: () => proxy.accepted,
    async reopen() {
      await Promise.all(made.map((each) => each[Symbol.asyncDispose]()))
      const next = make()
      made.push(next)
      return next
    },
    async away(gone) {
      await proxy.set(gone ? { kind: 'refuse' } : { kind: 'none' })
      if (gone) proxy.resetAll()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(made.map((each) => each[Symbol.asyncDispose]()))
      await proxy[Symbol.asyncDispose]()
    },
  }
}
