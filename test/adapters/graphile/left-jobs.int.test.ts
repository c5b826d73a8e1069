import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { graphileQueue } from '../../../src/adapters/graphile/queue.js'
import type { RangedWork, RangeRequest, ServeEvent } from '../../../src/core/distribute.js'
import { Secret } from '../../../src/core/secret.js'
import { type PlainClient, plainClient, testDatabase } from '../../support/postgres.js'

const database = testDatabase('a')
// No beat within the test tells the worker that its run has ended.
const REQUEST: RangeRequest = {
  ...{ flow: 'orders', fingerprint: 'f'.repeat(64), tasks: new Map([[0, 'task']]) },
  ...{ attempts: 3, leaseMs: 600_000, waitMs: 600_000 },
}

let db: PlainClient
beforeAll(async () => {
  db = await plainClient(database.url)
})
afterAll(() => db.end())

const jobs = async (): Promise<number> => (await db.query('select 1 from graphile_worker.jobs')).rowCount ?? 0

const drain = new AbortController()
afterEach(() => expect(jobs()).resolves.toBe(0))

/** A worker at the one range of a run, which is ended by its coordinator before `finish` is called. */
async function ended(finish: () => unknown): Promise<readonly ServeEvent['type'][]> {
  await using queue = graphileQueue(new Secret(database.url))
  const run = await queue.begin(REQUEST, drain.signal)
  const told: ServeEvent['type'][] = []
  const work: RangedWork = {
    fingerprint: REQUEST.fingerprint,
    work: async () => {
      await run.end()
      return finish()
    },
  }
  await queue.serve({
    ...{ name: 'worker', flows: new Map([[REQUEST.flow, work]]), concurrency: 1, once: true, drain: drain.signal },
    told: ({ type }) => told.push(type),
  })
  return told
}

describe('the job of a range whose run ended while a worker was at it', () => {
  it('is gone when the worker finishes the range', async () => {
    expect(await ended(() => 'result')).toEqual(['taken', 'lost'])
  })

  it('is gone when the range fails', async () => {
    const fail = (): never => {
      throw new Error('fails')
    }
    expect(await ended(fail)).toEqual(['taken', 'failed', 'lost'])
  })

  it('is gone when the worker says that it is done while the run is being removed', async () => {
    await using coordinator = await plainClient(database.url)
    const waits = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    await using queue = graphileQueue(new Secret(database.url))
    await queue.begin(REQUEST, drain.signal)
    let removed = Promise.resolve()
    const told: ServeEvent['type'][] = []
    const work: RangedWork = {
      fingerprint: REQUEST.fingerprint,
      work: async () => {
        await coordinator.query('begin')
        await coordinator.query('select graphile_worker.remove_job(key) from graphile_worker.jobs')
        await coordinator.query('delete from lockstep_queue.runs')
        removed = expect
          .poll(async () => (await db.query(waits)).rowCount)
          .toBe(1)
          .then(() => coordinator.query('commit'))
          .then(() => undefined)
        return 'result'
      },
    }
    await queue.serve({
      ...{ name: 'worker', flows: new Map([[REQUEST.flow, work]]), concurrency: 1, once: true, drain: drain.signal },
      told: ({ type }) => told.push(type),
    })
    await removed
    expect(told).toEqual(['taken', 'lost'])
  })

  it('is removed by the next run of the flow, and no other flow, where its worker was killed', async () => {
    await using queue = graphileQueue(new Secret(database.url))
    const of = (flow: string): RangeRequest => ({ ...REQUEST, flow })
    const runs = await Promise.all(['orders', 'orders_of_others'].map((flow) => queue.begin(of(flow), drain.signal)))
    // As a worker has it, and as the library lets go of what a worker had that it does not hear of.
    await db.query(`update graphile_worker._private_jobs set locked_at = now(), locked_by = 'killed'`)
    for (const run of runs) await run.end()
    await db.query(`select graphile_worker.force_unlock_workers(array['killed'])`)
    expect(await jobs()).toBe(2)
    for (const left of [1, 0]) {
      const run = await queue.begin(of(left === 1 ? 'orders' : 'orders_of_others'), drain.signal)
      await run.end()
      expect(await jobs()).toBe(left)
    }
  })
})

describe('the run of a coordinator that was killed', () => {
  const runs = async (): Promise<unknown> => (await db.query('select run::text from lockstep_queue.runs')).rows

  it('is removed as the next one of the flow ends, where its lease held when that began', async () => {
    await using queue = graphileQueue(new Secret(database.url))
    const killed = await queue.begin({ ...REQUEST, leaseMs: 1_000 }, drain.signal)
    const other = await queue.begin({ ...REQUEST, flow: 'others', leaseMs: 1_000 }, drain.signal)
    const next = await queue.begin(REQUEST, drain.signal)
    expect(await runs()).toHaveLength(3)
    await db.query(`update lockstep_queue.runs set seen_at = now() - interval '2 s' where lease_ms = 1000`)
    await next.end()
    expect(await runs()).toEqual([{ run: other.id }])
    await Promise.all([killed.end(), other.end()])
  })
})

describe('a range that nobody has, whose job a worker has that is gone', () => {
  it('is done by another once the lease is over', async () => {
    await using queue = graphileQueue(new Secret(database.url))
    const request = { ...REQUEST, leaseMs: 2_000, waitMs: 20_000 }
    const run = await queue.begin(request, drain.signal)
    // As a worker has it that was killed after it got the job and before it took the range; the library waits for four hours.
    await db.query(`update graphile_worker._private_jobs set locked_at = now(), locked_by = 'killed', attempts = 1`)
    const stop = new AbortController()
    const work: RangedWork = { fingerprint: REQUEST.fingerprint, work: async () => 'done by another' }
    const serving = queue.serve({
      ...{ name: 'worker', flows: new Map([[REQUEST.flow, work]]), concurrency: 1, once: false, drain: stop.signal },
      told: () => {},
    })
    const done = []
    for await (const range of run.done({ signal: drain.signal, told: () => {} })) done.push(range.result)
    expect(done).toEqual(['done by another'])
    stop.abort()
    await serving
    await run.end()
  })
})
