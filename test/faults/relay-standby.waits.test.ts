import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmbeddedKurrentdb } from '../../src/embedded/kurrentdb/embedded-kurrentdb.js'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { type MockCluster, startMockCluster } from '../support/kafka/mock-cluster.js'
import { testDatabase } from '../support/postgres.js'
import { Appended } from '../support/relay/appended.js'
import type { RelaySetup } from '../support/relay/setup.js'
import { TopicReader } from '../support/relay/topic-reader.js'
import { value } from '../support/sql.js'

const CONFIG = fileURLToPath(new URL('../support/relay/lockstep.config.ts', import.meta.url))
/** As in the config. */
const BATCH = 50

const { url } = testDatabase()
let cli: BuiltCli
let cluster: MockCluster
let server: EmbeddedKurrentdb
beforeAll(async () => {
  ;[cli, cluster, server] = await Promise.all([builtCli(), startMockCluster(1), EmbeddedKurrentdb.start()])
})
afterAll(() => Promise.all([cli[Symbol.asyncDispose](), cluster[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]))

test('a leader of a relay that is killed or frozen: the standby goes on, and who thaws sends no more than what was under way', {
  timeout: 240_000,
}, async () => {
  const topic = `quotes-${randomUUID()}`
  await cluster.createTopic(topic, 3)
  const start = (sender: string): RunningCli => {
    const setup: RelaySetup = { from: server.url, brokers: cluster.brokers, topic, state: url, sender }
    return cli.start(['run', 'quotes', '--standby', '--config', CONFIG], {
      env: { RELAY_SETUP: JSON.stringify(setup) },
    })
  }
  const appended = new Appended(server.url)
  await using reader = await TopicReader.start(cluster, topic)
  const allThere = (): Promise<void> => expect.poll(() => reader.different, { timeout: 60_000 }).toBe(appended.size)
  const senders = (from = 0): readonly string[] => [...new Set(reader.sent.slice(from).map(({ sender }) => sender))]

  const first = start('first')
  await first.printed('flow.leading')
  const second = start('second')
  await second.printed('flow.standby')
  await appended.append(300)
  await allThere()
  expect(senders()).toEqual(['first'])

  // Killed, in the middle of what it sends.
  const before = reader.sent.length
  await appended.append(1_500)
  await expect.poll(() => reader.sent.length).toBeGreaterThan(before + BATCH)
  first.process.kill('SIGKILL')
  await second.printed('flow.took-over')
  await allThere()

  // Frozen, in the middle of what it sends.
  const third = start('third')
  await third.printed('flow.standby')
  const later = reader.sent.length
  await appended.append(1_500)
  await expect.poll(() => reader.sent.length).toBeGreaterThan(later + BATCH)
  second.process.kill('SIGSTOP')
  await third.printed('flow.took-over')
  await allThere()
  const thawed = reader.sent.length
  second.process.kill('SIGCONT')
  await second.printed('lease-lost')
  await appended.append(300)
  await allThere()
  const late = reader.sent.slice(thawed).filter(({ sender }) => sender === 'second')
  expect(late.length).toBeLessThanOrEqual(BATCH)
  expect(reader.firsts).toEqual(appended.sound)
  expect(await value(url, `select epoch::int from lockstep.leases where flow = 'quotes'`)).toBe(3)

  // The one that thawed waits for its turn, and is as good as any other.
  third.process.kill('SIGTERM')
  expect((await third.ended).code).toBe(0)
  await expect.poll(() => second.output().split('flow.leading').length).toBe(2)
  await appended.append(300)
  await allThere()
  expect(reader.firsts).toEqual(appended.sound)
})
