import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import type { Act } from '../support/crowd.js'
import { SESSION_MS, SHARED, shareStream } from '../support/ingest/crowd-on-stream.js'
import { startIngest, stop } from '../support/ingest/ingest-process.js'
import { Published } from '../support/ingest/published.js'
import { kafkaStream } from '../support/ingest/streams.js'
import { expectFold, goesOn, postgresTarget, settled } from '../support/ingest/target.js'
import { testDatabase } from '../support/postgres.js'

const ROUND_MS = 2_000
/** Two begin, two come late; one is frozen for longer than a broker waits for it, and two are killed meanwhile. */
const ROUNDS: readonly (readonly Act[])[] = [
  ['join', 'join'],
  ['join'],
  ['freeze'],
  ['kill', 'join'],
  ['join'],
  ['kill', 'join'],
  ['thaw'],
]

const TARGETS = SHARED.map((shared) => ({ ...shared, target: postgresTarget(testDatabase().url) }))
const zombies = postgresTarget(testDatabase().url)

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

describe.concurrent('four processes', () => {
  test.each(TARGETS)(
    'on one $name, two of them late, one frozen, two killed: nothing is lost',
    { timeout: 300_000 },
    async ({ start, target }) => {
      await using stream = await start()
      await shareStream({
        ...{ cli, stream, target },
        async drive(crowd) {
          for (const acts of ROUNDS) {
            for (const act of acts) await crowd.perform(act)
            await setTimeout(ROUND_MS)
          }
        },
      })
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
