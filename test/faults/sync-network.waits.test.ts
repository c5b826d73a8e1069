import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Fault } from '../support/fault.js'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js'
import { plainClient, testDatabase } from '../support/postgres.js'
import { query, startAfresh, value } from '../support/sql.js'
import { type SyncRun, startSync } from '../support/sync-run.js'
import { type Load, startLoad } from './load.js'

const sides = { a: testDatabase('a').url, b: testDatabase('b').url }
/** Short, so that a silent peer is noticed within the test. */
const postgres = { connectMs: 1_500, statementMs: 3_000 }

let proxies: readonly [FaultProxy, FaultProxy]
beforeEach(async () => {
  await startAfresh(sides, 'create table records (id uuid primary key, value text)')
  proxies = [await startFaultProxy(sides.a), await startFaultProxy(sides.b)]
})
afterEach(async () => {
  for (const proxy of proxies) await proxy[Symbol.asyncDispose]()
})

/** The tool reaches both servers through the proxies, the load directly. */
async function underLoad(work: (sync: SyncRun, load: Load) => Promise<void>): Promise<void> {
  await using sync = startSync({ a: proxies[0].url, b: proxies[1].url }, { postgres })
  await sync.compared()
  await using load = await startLoad(sides)
  await load.goesOn()
  await work(sync, load)
  await load.settle()
  expect(sync.of('verdict')).toHaveLength(1)
  expect([...sync.of('dead-letters'), ...sync.of('conflicts')]).toEqual([])
  await expect.poll(() => redSubjects(sync)).toEqual([])
}

function redSubjects(sync: SyncRun): string[] {
  const health = new Map(sync.of('health').map(({ subject, healthy }) => [subject, healthy]))
  return [...health].filter(([, healthy]) => !healthy).map(([subject]) => subject)
}

describe('a connection that is cut inside COMMIT', () => {
  test.each(['before', 'after'] as const)(
    '%s the server did it: nothing is lost or doubled',
    { timeout: 150_000 },
    (when) =>
      underLoad(async (sync, load) => {
        for (const proxy of [...proxies, ...proxies, ...proxies]) {
          const cuts = proxy.cuts
          await proxy.set({ kind: 'cut', when })
          // Two connections may be inside COMMIT at that moment.
          await expect.poll(() => proxy.cuts, { timeout: 60_000 }).toBeGreaterThan(cuts)
          await load.goesOn(50)
        }
        expect(sync.of('retry').length).toBeGreaterThan(0)
      }),
  )
})

describe('connections that are lost', () => {
  test('terminated by the server each second', { timeout: 150_000 }, () =>
    underLoad(async (sync, load) => {
      const terminate = `select count(pg_terminate_backend(pid))::int from pg_stat_activity
        where datname = current_database() and application_name like 'lockstep%'`
      for (let turn = 0; turn < 8; turn++) {
        expect(await value(turn % 2 === 0 ? sides.a : sides.b, terminate)).toBeGreaterThan(0)
        const next = sync.of('batch').length
        await expect.poll(() => sync.of('batch').length, { timeout: 60_000 }).toBeGreaterThan(next)
      }
      await load.goesOn()
    }),
  )

  test('reset by the network many times a second, then no more', { timeout: 150_000 }, () =>
    underLoad(async (sync, load) => {
      for (const proxy of proxies) {
        await proxy.set({ kind: 'reset-every', everyMs: 150 })
        const retries = sync.of('retry').length
        await expect.poll(() => sync.of('retry').length, { timeout: 60_000 }).toBeGreaterThan(retries + 5)
        await proxy.set({ kind: 'none' })
        await load.goesOn()
      }
    }),
  )
})

describe('a link that is silent', () => {
  const faults: readonly (Fault & { readonly name: string })[] = [
    { name: 'held in both directions', kind: 'hold' },
    { name: 'half-open: the server does not hear', kind: 'half-open', deaf: 'server' },
    { name: 'half-open: the tool does not hear', kind: 'half-open', deaf: 'client' },
  ]
  test.each(faults)(
    '$name: red health, nothing is lost, and it goes on',
    { timeout: 150_000 },
    ({ name: _, ...fault }) =>
      underLoad(async (sync, load) => {
        for (const proxy of proxies) {
          await proxy.set(fault)
          await expect.poll(() => redSubjects(sync).length, { timeout: 60_000 }).toBeGreaterThan(0)
          await load.goesOn()
          await proxy.set({ kind: 'none' })
          await expect.poll(() => redSubjects(sync), { timeout: 60_000 }).toEqual([])
        }
      }),
  )

  test('a session that died in the middle of its transaction does not block the next', { timeout: 150_000 }, () =>
    underLoad(async (sync) => {
      await using client = await plainClient(sides.b)
      await client.query('begin; lock table records in exclusive mode')
      await expect.poll(() => sync.of('retry').length, { timeout: 60_000 }).toBeGreaterThan(0)
      await client.query('rollback')
    }),
  )
})

test('200 ms of latency and 1 Mbit/s: the lag is shown, and both sides become identical', {
  timeout: 150_000,
}, async () => {
  await using sync = startSync({ a: proxies[0].url, b: proxies[1].url })
  await sync.compared()
  await proxies[1].set({ kind: 'slow', latencyMs: 200, bytesPerSecond: 125_000 })
  const before = sync.of('batch').length
  const rows = (mark: string): string =>
    `insert into records select md5('${mark}' || n)::uuid, repeat(md5(n::text), 6) from generate_series(1, 1500) n`
  await query(sides.a, rows('a'))
  await query(sides.b, rows('b'))
  await expect
    .poll(() => Promise.all([sides.a, sides.b].map((url) => value(url, 'select count(*)::int from records'))), {
      timeout: 90_000,
    })
    .toEqual([3000, 3000])
  const lags = sync
    .of('batch')
    .slice(before)
    .flatMap(({ lagMs }) => lagMs ?? [])
  expect(Math.max(...lags)).toBeGreaterThan(400)
  expect([...sync.of('dead-letters'), ...sync.of('conflicts')]).toEqual([])
})
