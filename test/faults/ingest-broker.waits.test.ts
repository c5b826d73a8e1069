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
/**
 * The emulator goes on while the network is away, and what it gives to a stream that is cut off, also what was published
 * before it knows that the stream is dead, comes only when that lease is over.
 */
const LEASE_MS = 10_000
const PUBLISH_EVERY_MS = 1_000
/** Five processes start at the same time, and one of them waits for a JVM. */
const START_MS = 60_000

const emulator = pubsubKinds().find(({ name }) => name.startsWith('Google'))
const BROKERS = [
  { name: 'Pub/Sub', start: () => pubsubStream() },
  ...(emulator === undefined
    ? []
    : [{ name: emulator.name, start: () => emulatorStream(emulator.start, LEASE_MS), heldMs: LEASE_MS }]),
  { name: 'KurrentDB', start: () => kurrentdbStream() },
  { name: 'a group of KurrentDB', start: () => kurrentdbStream('workers') },
  { name: 'Kafka', start: () => kafkaStream() },
].map((broker) => ({ heldMs: 0, ...broker, target: postgresTarget(testDatabase().url) }))

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

describe.concurrent('a broker that is killed in mid-stream and comes back', () => {
  test.each(BROKERS)(
    '$name: nothing is lost, and the flow goes on within 10 s of what it may have',
    { timeout: 180_000 },
    async ({ name, start, target, heldMs }) => {
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
        await goesOnWith(
          () => stream.publish(published.make(50), published),
          () => goesOn(target, noticed, PUBLISH_EVERY_MS),
          heldMs + RESUME_MS,
        )
        resumedMs.push(Math.round(performance.now() - backAt))
      }
      await settled(target, published)
      await expectFold(target, published, stream)
      expect(await stop(tool)).toBe(0)
      console.log(`${name}: went on after ${resumedMs.join(' and ')} ms`)
    },
  )
})

/** Something new is published every second, and any of it is waited for. Throws when none has come `withinMs` later. */
async function goesOnWith(publish: () => Promise<void>, some: () => Promise<void>, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs
  for (;;) {
    await publish()
    try {
      return await some()
    } catch (error) {
      if (performance.now() > until) throw error
    }
  }
}

/** Resolves once a number does not change any more, with the number. */
async function rest(ask: () => Promise<number>): Promise<number> {
  for (let last = await ask(); ; ) {
    await delay(500)
    const now = await ask()
    if (now === last) return now
    last = now
  }
}
