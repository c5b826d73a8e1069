import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { kill, startIngest, stop } from '../support/ingest/ingest-process.js'
import { Published } from '../support/ingest/published.js'
import type { IngestSetup } from '../support/ingest/setup.js'
import { kurrentdbStream, pubsubStream, type TestStream } from '../support/ingest/streams.js'
import { expectFold, mariadbTarget, postgresTarget, settled, type Target } from '../support/ingest/target.js'
import { testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'
import { RedisServer } from '../support/redis.js'

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url))
const POISON = 0.01
const MESSAGES_A_TURN = 400

/** Every failpoint in these folders, so that none is forgotten. */
function failpointsOf(...folders: readonly string[]): readonly string[] {
  const found = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)))
    .flatMap((path) => [...readFileSync(join(SOURCES, path), 'utf8').matchAll(/failpoint\('([^']+)'\)/g)])
  return [...new Set(found.map(([, name = '']) => name))]
}

const CACHE_FAILPOINT = 'ingest:before-cache'
const POSTGRES = failpointsOf('engine', 'flows/ingest', 'adapters/postgres/upsert')
const MYSQL = failpointsOf('engine', 'adapters/mysql/upsert')

const postgres = postgresTarget(testDatabase().url)
const mariadb = mariadbTarget(testMariadb().url)
let cli: BuiltCli
let redis: RedisServer
beforeAll(async () => {
  ;[cli, redis] = await Promise.all([builtCli(), RedisServer.start()])
})
afterAll(() => Promise.all([cli[Symbol.asyncDispose](), redis[Symbol.asyncDispose]()]))

interface Killing {
  readonly stream: TestStream
  readonly target: Target
  readonly published: Published
  readonly setup: IngestSetup
}

/** Each turn has something to do, and is over when it is dead. */
async function killAt(
  failpoints: readonly string[],
  times: readonly number[],
  { stream, published, setup }: Killing,
): Promise<void> {
  for (const failpoint of failpoints) {
    for (const nth of times) {
      await stream.publish(published.make(MESSAGES_A_TURN, POISON), published)
      const tool = startIngest(cli, setup, { failpoint: `${failpoint}:${nth}` })
      const never = setTimeout(() => tool.process.kill('SIGTERM'), 20_000)
      const { signal, stdout } = await tool.ended
      clearTimeout(never)
      expect(signal, `${failpoint} was passed ${nth} times: ${stdout}`).toBe('SIGKILL')
    }
  }
}

async function killAtRandom(turns: number, { stream, target, published, setup }: Killing): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await stream.publish(published.make(MESSAGES_A_TURN, POISON), published)
    const before = (await target.effects()).size
    const tool = startIngest(cli, setup)
    // Half of them die on the way up, at a time that has nothing to do with what they do.
    if (turn % 2 === 0) await tool.printed('flow.started')
    else await expect.poll(async () => (await target.effects()).size, { interval: 5 }).toBeGreaterThan(before)
    await delay(published.random.integer(0, 300))
    await kill(tool)
  }
}

async function finish({ stream, target, published, setup }: Killing): Promise<void> {
  const last = startIngest(cli, setup)
  await settled(target, published)
  await expectFold(target, published, stream)
  expect(await stop(last)).toBe(0)
}

describe('kill -9 of an ingest', () => {
  test('its failpoints are found', () => {
    const upsert = ['upsert:before-commit', 'upsert:after-commit']
    const common = ['engine:before-checkpoint', 'engine:before-acknowledge', ...upsert]
    expect(POSTGRES.toSorted()).toEqual([...common, CACHE_FAILPOINT].toSorted())
    expect(MYSQL.toSorted()).toEqual(common.toSorted())
  })

  test('from Pub/Sub into PostgreSQL, at every failpoint and at random: nothing is lost', {
    timeout: 180_000,
  }, async () => {
    await using stream = await pubsubStream({ maxMessages: 200 })
    await postgres.reset()
    const published = new Published()
    const setup: IngestSetup = { from: stream.setup, into: postgres.setup }
    const killing = { stream, target: postgres, published, setup }
    await killAt(
      POSTGRES.filter((name) => name !== CACHE_FAILPOINT),
      [1, 4],
      killing,
    )
    await killAtRandom(4, killing)
    await finish(killing)
    await expect.poll(() => stream.left()).toBe(0)
  })

  test('with a cache in front, between commit and cache and at all others: the newest versions are stored', {
    timeout: 180_000,
  }, async () => {
    await using stream = await pubsubStream({ maxMessages: 200 })
    await postgres.reset()
    const published = new Published()
    const setup: IngestSetup = { from: stream.setup, into: postgres.setup, tables: ['readings'], cache: redis.url() }
    await killAt([CACHE_FAILPOINT, CACHE_FAILPOINT, ...POSTGRES], [3], { stream, target: postgres, published, setup })
    await using client = await redis.client()
    const last = startIngest(cli, setup)
    // A cache that is slow to answer, as on a busy machine, is left alone for a while.
    const remembered = async () => {
      await stream.publish(published.make(20, POISON), published)
      return client.dbsize()
    }
    await expect.poll(remembered, { timeout: 60_000, interval: 500 }).toBeGreaterThan(0)
    await expect.poll(() => stream.left(), { timeout: 60_000 }).toBe(0)
    expect(await stop(last)).toBe(0)
    expect(await postgres.rows(), `seed ${published.seed}`).toEqual(published.rows)
    const letters = (await postgres.letters()).map(({ id }) => id)
    expect(letters.toSorted(), `seed ${published.seed}`).toEqual([...published.poison].toSorted())
  })

  test('from KurrentDB into MariaDB, at every failpoint and at random: everything is stored once', {
    timeout: 180_000,
  }, async () => {
    await using stream = await kurrentdbStream()
    await mariadb.reset()
    const published = new Published()
    const killing = { stream, target: mariadb, published, setup: { from: stream.setup, into: mariadb.setup } }
    await killAt(MYSQL, [1, 4], killing)
    await killAtRandom(4, killing)
    await finish(killing)
  })
})
