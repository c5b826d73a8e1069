import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgres } from '../../src/adapters/postgres/index.js'
import type { FlowEvent } from '../../src/core/observer.js'
import type { EmbeddedServer } from '../../src/embedded/server.js'
import { feed } from '../../src/flows/feed/feed.js'
import { ndjson } from '../../src/flows/feed/format.js'
import { Place, publish } from '../flows/feed/feed-subject.js'
import { deferred } from '../support/fault.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { dedicatedServer } from '../support/postgres.js'
import { query } from '../support/sql.js'

/** What the database of a feed suffers while it is read: the feed that was there stays, and the next comes whole. */
const ROWS = 20_000
const LIMITS = { connectMs: 2_000, statementMs: 3_000 }

let server: EmbeddedServer
let proxy: FaultProxy

beforeAll(async () => {
  server = await dedicatedServer()
  proxy = await FaultProxy.start(server.url())
  await query(server.url(), 'create table shop (id int primary key, name text)')
  await query(server.url(), `create role reader login password 'first'`)
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await query(server.url(), 'truncate shop')
  await query(server.url(), `insert into shop select i, 'old ' || md5(i::text) from generate_series(1, 100) i`)
  await query(server.url(), `grant select on shop to reader; alter role reader login`)
})

/** The rows as the server's own `json_build_object` writes them, in the order of their key. */
async function expected(): Promise<string> {
  const rows = await query(
    server.url(),
    `select format('{"id":%s,"name":"%s"}', id, name) as line from shop order by id`,
  )
  return rows.map(({ line }) => `${String(line)}\n`).join('')
}

interface Feeding {
  readonly place: Place
  readonly events: FlowEvent[]
  readonly running: Promise<unknown>
  /** When the first rows of the new feed are read, and the rest waits. */
  readonly begun: Promise<void>
  goOn(): void
}

/** A feed of 100 rows is there, and one of 20,000 others has begun. */
async function begin(place: Place, { url = proxy.url, patienceMs = 120_000 } = {}): Promise<Feeding & AsyncDisposable> {
  const database = postgres(url, LIMITS)
  const begun = deferred()
  const gate = deferred()
  const flow = feed({
    from: database.table('shop'),
    map: async (row) => {
      if (row['id'] !== 1 || (await place.manifest()) === undefined) return row
      begun.resolve()
      await gate.promise
      return row
    },
    as: ndjson(),
    rotate: { rows: 4_000 },
    to: place.store,
    patienceMs,
  })
  await publish(flow)
  expect(await place.manifest()).toMatchObject({ sequence: 1, rows: 100 })
  await query(server.url(), 'truncate shop')
  await query(server.url(), `insert into shop select i, 'new ' || md5(i::text) from generate_series(1, ${ROWS}) i`)
  const events: FlowEvent[] = []
  return {
    place,
    events,
    running: publish(flow, { events }).catch((error: unknown) => error),
    begun: begun.promise,
    goOn: () => gate.resolve(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

async function expectWhole({ place, running }: Feeding): Promise<void> {
  expect(await running).toBeUndefined()
  expect(await place.manifest()).toMatchObject({ sequence: 2, rows: ROWS })
  expect((await place.contents()).join('')).toBe(await expected())
}

async function red({ events }: Feeding): Promise<void> {
  await expect
    .poll(() => events.some((event) => event.type === 'health' && !event.healthy), { timeout: 120_000 })
    .toBe(true)
}

async function expectOld(place: Place): Promise<void> {
  expect(await place.manifest()).toMatchObject({ sequence: 1, rows: 100 })
  expect((await place.contents()).join('').split('\n')).toHaveLength(101)
}

describe('a feed whose database', () => {
  test('is killed with -9 in the middle, and comes back: published whole, of one moment', async () => {
    await using place = await Place.make()
    await using feeding = await begin(place)
    await feeding.begun
    await server.kill()
    feeding.goOn()
    await red(feeding)
    await expectOld(place)
    await server.start()
    await expectWhole(feeding)
  })

  test('is frozen in the middle: says so, and is published whole when it thaws', async () => {
    await using place = await Place.make()
    await using feeding = await begin(place)
    await feeding.begun
    await server.freeze(true)
    feeding.goOn()
    await red(feeding)
    await expectOld(place)
    await server.freeze(false)
    await expectWhole(feeding)
  })

  test('loses its connections again and again: published whole', async () => {
    await using place = await Place.make()
    await using feeding = await begin(place)
    await feeding.begun
    // Sooner than the rows can be read, so that no attempt ends between two of them.
    await proxy.set({ kind: 'reset-every', everyMs: 10 })
    await expect.poll(() => proxy.open).toBe(0)
    feeding.goOn()
    await red(feeding)
    await expectOld(place)
    await proxy.set({ kind: 'none' })
    await expectWhole(feeding)
  })

  test('is behind 200 ms and 1 Mbit/s: published whole', async () => {
    await using place = await Place.make()
    await proxy.set({ kind: 'slow', latencyMs: 100, bytesPerSecond: 125_000 })
    try {
      await using feeding = await begin(place)
      feeding.goOn()
      await expectWhole(feeding)
    } finally {
      await proxy.set({ kind: 'none' })
    }
  })

  test.each([
    { what: 'takes its right to read away', by: 'revoke select on shop from reader', code: 'permission-denied' },
    { what: 'refuses its login', by: 'alter role reader nologin', code: /login/ },
  ])('$what in the middle: refused by name, and the feed that was there stays', async ({ by, code }) => {
    const url = new URL(proxy.url)
    Object.assign(url, { username: 'reader', password: 'first' })
    await using place = await Place.make()
    await using feeding = await begin(place, { url: url.href, patienceMs: 2_000 })
    await feeding.begun
    await query(server.url(), by)
    await query(server.url(), `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'`)
    feeding.goOn()
    expect(await feeding.running).toMatchObject({ code: expect.stringMatching(code) })
    await expectOld(place)
  })

  test('has its table altered while it is read: of before, or of after, and whole', async () => {
    await using place = await Place.make()
    await using feeding = await begin(place)
    await feeding.begun
    const altering = query(server.url(), 'alter table shop add column note text')
    feeding.goOn()
    await expectWhole(feeding)
    await altering
    await query(server.url(), 'alter table shop drop column note')
  })
})
