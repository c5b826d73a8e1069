import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { startIngest, stop } from '../support/ingest/ingest-process.js'
import { Published } from '../support/ingest/published.js'
import { emulatorStream, kafkaStream, kurrentdbStream, pubsubStream } from '../support/ingest/streams.js'
import { expectFold, goesOn, postgresTarget, settled } from '../support/ingest/target.js'
import { testDatabase } from '../support/postgres.js'
import { pubsubKinds } from '../support/pubsub.js'

/** As long as it takes to notice, and long enough for every back-off to be at its longest. */
const AWAY_MS = [0, 10_000]
const POISON = 0.01
const RESUME_MS = 10_000
/** Five processes start at the same time, and one of them waits for a JVM. */
const START_MS = 60_000

const emulator = pubsubKinds().find(({ name }) => name.startsWith('Google'))
const BROKERS = [
  { name: 'Pub/Sub', start: () => pubsubStream() },
  ...(emulator === undefined ? [] : [{ name: emulator.name, start: () => emulatorStream(emulator.start) }]),
  { name: 'KurrentDB', start: () => kurrentdbStream() },
  { name: 'a group of KurrentDB', start: () => kurrentdbStream('workers') },
  { name: 'Kafka', start: () => kafkaStream() },
].map((broker) => ({ ...broker, target: postgresTarget(testDatabase().url) }))

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

describe.concurrent('a broker that is killed in mid-stream and comes back', () => {
  test.each(BROKERS)(
    '$name: nothing is lost, and the flow goes on within 10 s',
    { timeout: 180_000 },
    async ({ name, start, target }) => {
      await using stream = await start()
      await target.reset()
      const published = new Published()
      const tool = startIngest(cli, { from: stream.setup, into: target.setup })
      const resumedMs: number[] = []
      for (const awayMs of AWAY_MS) {
        const before = (await target.effects()).size
        await stream.publish(published.make(1_500, POISON), published)
        await goesOn(target, before, START_MS)
        await stream.away(true)
        await delay(awayMs)
        const noticed = await rest(async () => (await target.effects()).size)
        await stream.away(false)
        const backAt = performance.now()
        // What was under way may come only when its lease is over, so something new is waited for.
        await stream.publish(published.make(50), published)
        await goesOn(target, noticed, RESUME_MS)
        resumedMs.push(Math.round(performance.now() - backAt))
      }
      await settled(target, published)
      await expectFold(target, published, stream)
      expect(await stop(tool)).toBe(0)
      console.log(`${name}: went on after ${resumedMs.join(' and ')} ms`)
    },
  )
})

/** Resolves once a number does not change any more, with the number. */
async function rest(ask: () => Promise<number>): Promise<number> {
  for (let last = await ask(); ; ) {
    await delay(500)
    const now = await ask()
    if (now === last) return now
    last = now
  }
}
