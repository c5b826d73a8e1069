import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EmbeddedKurrentdb } from '../../src/embedded/kurrentdb/embedded-kurrentdb.js'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { Random } from '../support/hostile/random.js'
import { type MockCluster, startMockCluster } from '../support/kafka/mock-cluster.js'
import { testDatabase } from '../support/postgres.js'
import { Appended } from '../support/relay/appended.js'
import type { RelaySetup } from '../support/relay/setup.js'
import { TopicReader } from '../support/relay/topic-reader.js'

const CONFIG = fileURLToPath(new URL('../support/relay/lockstep.config.ts', import.meta.url))
const EVENTS_A_TURN = 300
const PARTITIONS = 3

const database = testDatabase()
let cli: BuiltCli
let cluster: MockCluster
let server: EmbeddedKurrentdb
beforeAll(async () => {
  ;[cli, cluster, server] = await Promise.all([builtCli(), startMockCluster(1), EmbeddedKurrentdb.start()])
})
afterAll(() => Promise.all([cli[Symbol.asyncDispose](), cluster[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]))

async function letters(): Promise<readonly string[]> {
  const client = new pg.Client(database.url)
  await client.connect()
  try {
    const { rows } = await client.query<{ body: Buffer }>('select payload as body from lockstep.dead_letters')
    return rows.map(({ body }) => String(body).replace(' poison', '')).toSorted()
  } finally {
    await client.end()
  }
}

describe('kill -9 of a relay', () => {
  test('from KurrentDB into Kafka, at every failpoint and at random: each event is there, in order, at least once', {
    timeout: 180_000,
  }, async () => {
    const topic = `quotes-${randomUUID()}`
    await cluster.createTopic(topic, PARTITIONS)
    const setup: RelaySetup = { from: server.url, brokers: cluster.brokers, topic, state: database.url }
    const start = (failpoint?: string): RunningCli =>
      cli.start(['run', 'quotes', '--config', CONFIG], {
        env: {
          RELAY_SETUP: JSON.stringify(setup),
          ...(failpoint === undefined ? {} : { LOCKSTEP_FAILPOINT: failpoint }),
        },
      })
    const appended = new Appended(server.url)
    for (const failpoint of [
      'engine:before-checkpoint:1',
      'engine:before-checkpoint:4',
      'engine:before-acknowledge:3',
    ]) {
      await appended.append(EVENTS_A_TURN)
      const { signal, stdout } = await start(failpoint).ended
      expect(signal, `${failpoint} was passed: ${stdout}`).toBe('SIGKILL')
    }
    const seed = Date.now() % 1_000_000
    const random = new Random(seed)
    for (let turn = 0; turn < 4; turn++) {
      await appended.append(EVENTS_A_TURN)
      const tool = start()
      await tool.printed('flow.started')
      await delay(random.integer(0, 300))
      tool.process.kill('SIGKILL')
      await tool.ended
    }
    await appended.append(EVENTS_A_TURN)
    const last = start()
    await using reader = await TopicReader.start(cluster, topic)
    const all = appended.size
    await expect.poll(() => reader.different, { timeout: 60_000 }).toBe(all)
    await expect.poll(letters, { timeout: 60_000 }).toEqual(appended.poison.toSorted())
    last.process.kill('SIGTERM')
    expect((await last.ended).code, `seed ${seed}`).toBe(0)

    expect(reader.firsts, `seed ${seed}`).toEqual(appended.sound)
    // What was sent and not noted is sent again; all else is not.
    expect(reader.sent.length).toBeGreaterThan(all)
    expect(reader.sent.length).toBeLessThan(2 * all)
  })
})
