import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import type { BuiltCli } from '../built-cli.js'
import { Crowd } from '../crowd.js'
import { startIngest } from './ingest-process.js'
import { Published } from './published.js'
import { kafkaStream, kurrentdbStream, pubsubStream, type TestStream } from './streams.js'
import { expectFold, settled, type Target } from './target.js'

const POISON = 0.01
const AT_ONCE = 50
const EVERY_MS = 50
const SETTLED_MS = 150_000
/** Of a consumer group: who is frozen for longer has lost its partitions. */
export const SESSION_MS = 6_000

/** What several processes share: a broker gives each its part. */
export const SHARED = [
  { name: 'subscription of Pub/Sub', start: () => pubsubStream() },
  { name: 'persistent subscription of KurrentDB', start: () => kurrentdbStream('workers') },
  { name: 'consumer group of Kafka', start: () => kafkaStream(SESSION_MS) },
]

export interface SharedRun {
  readonly cli: BuiltCli
  readonly stream: TestStream
  readonly target: Target
  readonly seed?: number
  /** What happens to the processes while messages come. */
  drive(crowd: Crowd): Promise<void>
}

/**
 * Processes share a stream in which messages come without end, while things happen to them. Afterwards the tables are the
 * fold of all that was published, and every process ends well. Answers how many messages there were.
 */
export async function shareStream({ cli, stream, target, seed, drive }: SharedRun): Promise<number> {
  await target.reset()
  const published = new Published(seed)
  const setup = { from: stream.setup, into: target.setup }
  const crowd = new Crowd(() => startIngest(cli, setup), published.random)
  const over = new AbortController()
  const publishing = publish(stream, published, over.signal)
  await drive(crowd).finally(() => over.abort())
  await publishing
  await crowd.perform('thaw')
  // Those that were frozen have their part of what is new.
  await stream.publish(published.make(10 * AT_ONCE, POISON), published)
  await settled(target, published, SETTLED_MS)
  await expectFold(target, published, stream)
  const told = `seed ${published.seed}: ${crowd.acts.join(', ')}`
  for (const code of await crowd.stop()) expect(code, told).toBe(0)
  await expectFold(target, published, stream)
  return published.sound.size + published.poison.size
}

async function publish(stream: TestStream, published: Published, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await stream.publish(published.make(AT_ONCE, POISON), published)
    await setTimeout(EVERY_MS)
  }
}
