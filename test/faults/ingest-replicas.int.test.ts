import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { kill, startIngest, stop } from '../support/ingest/ingest-process.js'
import { Published } from '../support/ingest/published.js'
import { kafkaStream, kurrentdbStream, pubsubStream } from '../support/ingest/streams.js'
import { expectFold, goesOn, postgresTarget, settled } from '../support/ingest/target.js'
import { testDatabase } from '../support/postgres.js'

const REPLICAS = 3
const ROUNDS = 8
const ROUND_MS = 2_500
const POISON = 0.01
const SESSION_MS = 6_000

const SHARED = [
  { name: 'subscription of Pub/Sub', start: () => pubsubStream() },
  { name: 'persistent subscription of KurrentDB', start: () => kurrentdbStream('workers') },
  { name: 'consumer group of Kafka', start: () => kafkaStream(SESSION_MS) },
].map((shared) => ({ ...shared, target: postgresTarget(testDatabase().url) }))
const zombies = postgresTarget(testDatabase().url)

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

describe.concurrent('three processes', () => {
  test.each(SHARED)(
    'on one $name, one of them killed every 2.5 s: nothing is lost',
    { timeout: 180_000 },
    async ({ start, target }) => {
      await using stream = await start()
      await target.reset()
      const published = new Published()
      const setup = { from: stream.setup, into: target.setup }
      const replicas: RunningCli[] = Array.from({ length: REPLICAS }, () => startIngest(cli, setup))
      for (let round = 0; round < ROUNDS; round++) {
        const endsAt = Date.now() + ROUND_MS
        while (Date.now() < endsAt) await stream.publish(published.make(50, POISON), published)
        const [victim] = replicas.splice(published.random.integer(0, REPLICAS - 1), 1)
        if (victim !== undefined) await kill(victim)
        replicas.push(startIngest(cli, setup))
      }
      await settled(target, published, 120_000)
      await expectFold(target, published, stream)
      for (const replica of replicas) expect(await stop(replica)).toBe(0)
    },
  )
})

describe('a member of a consumer group that was frozen until others had its partitions', () => {
  test('writes nothing when it wakes up', { timeout: 120_000 }, async () => {
    await using stream = await kafkaStream(SESSION_MS)
    await zombies.reset()
    const published = new Published()
    const setup = { from: stream.setup, into: zombies.setup }
    const zombie = startIngest(cli, setup)
    await stream.publish(published.make(200), published)
    await settled(zombies, published)
    await stream.publish(published.make(3_000), published)
    const before = (await zombies.effects()).size
    await goesOn(zombies, before)
    zombie.process.kill('SIGSTOP')
    const others = [startIngest(cli, setup), startIngest(cli, setup)]
    await settled(zombies, published)
    zombie.process.kill('SIGCONT')
    // What it held when it was frozen it tries to write now, and is refused; then it is one of three.
    await stream.publish(published.make(500), published)
    await settled(zombies, published)
    await expectFold(zombies, published, stream)
    for (const process of [zombie, ...others]) expect(await stop(process)).toBe(0)
    await expectFold(zombies, published, stream)
  })
})
