import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { startIngest, stop } from '../support/ingest/ingest-process.js'
import { Published } from '../support/ingest/published.js'
import { kafkaStream, kurrentdbStream, pubsubStream } from '../support/ingest/streams.js'
import { expectFold, postgresTarget, settled } from '../support/ingest/target.js'
import { type PlainClient, plainClient, testDatabase } from '../support/postgres.js'
import { value } from '../support/sql.js'

const DRAIN_MS = 25_000
/** To start, and to store all that is left, on a very busy machine. */
const AT_ONCE_MS = 45_000
/** What nobody hands back comes again after this time, which is much later; of KurrentDB it is 60 s. */
const LEASE_MS = 600_000
/** The mock of Kafka takes this long, less a second, for each rebalance, also when a member has left. */
const SESSION_MS = 6_000

const BROKERS = [
  { name: 'Pub/Sub', start: () => pubsubStream({ leaseMs: LEASE_MS, maxMessages: 2_000 }) },
  { name: 'a group of KurrentDB', start: () => kurrentdbStream('workers') },
  { name: 'Kafka', start: () => kafkaStream(SESSION_MS) },
].map((broker) => ({ ...broker, url: testDatabase().url }))

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

/** Nobody writes to the table as long as the client lives or until it rolls back. */
async function block(url: string): Promise<PlainClient> {
  const client = await plainClient(url)
  await client.query('begin; lock table readings in access exclusive mode')
  return client
}

/** Waits until writers wait for `block`. */
async function blocked(url: string): Promise<void> {
  const waiting = `select count(*)::int from pg_locks where not granted and locktype = 'relation'
    and database = (select oid from pg_database where datname = current_database())`
  await vi.waitFor(async () => expect(await value(url, waiting)).toBeGreaterThan(0), { timeout: 20_000, interval: 20 })
}

describe.concurrent.each(BROKERS)('SIGTERM in the middle of batches from $name', ({ name, start, url }) => {
  const target = postgresTarget(url)
  test.sequential('what is being stored is stored; what is not, another process has at once', {
    timeout: 180_000,
  }, async () => {
    await using stream = await start()
    await target.reset()
    const published = new Published()
    const setup = { from: stream.setup, into: target.setup }
    const first = startIngest(cli, setup)
    await stream.publish(published.make(100), published)
    await settled(target, published)
    await using blocker = await block(url)
    await stream.publish(published.make(1_500, 0.01), published)
    await blocked(url)
    const askedAt = performance.now()
    first.process.kill('SIGTERM')
    await first.printed('flow.draining')
    const second = startIngest(cli, setup)
    await second.printed('flow.started')
    await blocker.query('rollback')
    const { code, stdout } = await first.ended
    const drainedMs = Math.round(performance.now() - askedAt)
    expect(code, stdout).toBe(0)
    expect(drainedMs).toBeLessThan(DRAIN_MS)
    await settled(target, published)
    const othersMs = Math.round(performance.now() - askedAt) - drainedMs
    await expectFold(target, published, stream)
    expect(othersMs).toBeLessThan(AT_ONCE_MS)
    console.log(`${name}: drained in ${drainedMs} ms, the other process had all after ${othersMs} ms more`)
    expect(await stop(second)).toBe(0)
  })

  test.sequential('a second one ends it, and another process has all at once', { timeout: 180_000 }, async () => {
    await using stream = await start()
    await target.reset()
    const published = new Published()
    const setup = { from: stream.setup, into: target.setup }
    const first = startIngest(cli, setup)
    await stream.publish(published.make(100), published)
    await settled(target, published)
    await using blocker = await block(url)
    await stream.publish(published.make(1_500, 0.01), published)
    await blocked(url)
    first.process.kill('SIGTERM')
    await first.printed('flow.draining')
    const askedAt = performance.now()
    first.process.kill('SIGTERM')
    expect(await first.ended).toMatchObject({ code: 130 })
    expect(performance.now() - askedAt).toBeLessThan(5_000)
    await blocker.query('rollback')
    const second = startIngest(cli, setup)
    await second.printed('flow.started')
    await settled(target, published, AT_ONCE_MS)
    await expectFold(target, published, stream)
    expect(await stop(second)).toBe(0)
  })
})
