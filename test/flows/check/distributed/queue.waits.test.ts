import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { EmbeddedServer } from '../../../../src/embedded/server.js'
import { type BuiltCli, builtCli, type RunningCli } from '../../../support/built-cli.js'
import { dedicatedServer, plainClient, testDatabase } from '../../../support/postgres.js'
import { query } from '../../../support/sql.js'

const CONFIG = fileURLToPath(new URL('lockstep.config.ts', import.meta.url))
const ROWS = 6_000
const left = testDatabase('a')
const right = testDatabase('b')

const Report = z.object({
  verdict: z.string(),
  rows: z.object({ left: z.string(), right: z.string() }),
  missingLeft: z.number(),
  missingRight: z.number(),
  changed: z.number(),
  unstable: z.number(),
})

const started: RunningCli[] = []
let cli: BuiltCli
let queue: EmbeddedServer
let alone: z.infer<typeof Report>

beforeAll(async () => {
  ;[cli, queue] = await Promise.all([builtCli(), dedicatedServer()])
  for (const { url } of [left, right]) {
    await query(
      url,
      `create table orders (id bigint primary key, note text not null);
       insert into orders select n, 'note ' || n from generate_series(1, ${ROWS}) n`,
    )
  }
  // Whoever compares row 3,000 waits while somebody holds the gate; who looks where to cut does not.
  const gate = (body: string): string =>
    `create function gate(id bigint) returns boolean language plpgsql as $$ begin ${body} return true; end $$`
  const wait = `if id = 3000 and current_query() not like '%tablesample%' then
    perform pg_advisory_lock_shared(7); perform pg_advisory_unlock_shared(7); end if;`
  await query(left.url, gate(wait))
  await query(right.url, gate(''))
  await query(left.url, 'delete from orders where id % 500 = 1')
  await query(right.url, `update orders set note = 'other' where id % 250 = 7`)
  alone = await reported(coordinator({ ALONE: 'yes' }))
  expect(alone).toMatchObject({ verdict: 'different', missingLeft: 12, missingRight: 0, changed: 24 })
})
afterAll(async () => {
  await cli[Symbol.asyncDispose]()
  await queue[Symbol.asyncDispose]()
})
afterEach(async () => {
  for (const { process } of started) process.kill('SIGKILL')
  await Promise.all(started.splice(0).map(({ ended }) => ended))
})

function start(args: readonly string[], more: Readonly<Record<string, string>> = {}): RunningCli {
  const env = { LEFT_URL: left.url, RIGHT_URL: right.url, QUEUE_URL: queue.url(), WHERE: 'gate(id)', RANGES: '6' }
  const running = cli.start([...args, '--config', CONFIG], { env: { ...env, ...more } })
  started.push(running)
  return running
}

const worker = (): RunningCli => start(['worker', '--log-level', 'debug'])
const coordinator = (more: Readonly<Record<string, string>> = {}): RunningCli =>
  start(['check', 'same', '--json'], more)

async function reported(running: RunningCli): Promise<z.infer<typeof Report>> {
  const { stdout, stderr } = await running.ended
  expect(stdout, stderr).not.toBe('')
  return Report.parse(JSON.parse(stdout))
}

/** Whether a worker stands still at the gate. */
async function gateWaits(): Promise<boolean> {
  const waiting = await query(left.url, `select 1 from pg_locks where locktype = 'advisory' and not granted`)
  return waiting.length > 0
}

/** What a server without room says to whoever tells of a range. */
const FULL = `create function lockstep_queue.full() returns trigger language plpgsql as $$ begin
    raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
  create trigger "full" before insert or update on lockstep_queue.ranges for each statement execute function lockstep_queue.full()`

/** A check by two workers, one of which stands still in the middle of its range until the work is done. */
async function inTheMiddle(work: () => Promise<void>): Promise<void> {
  await using holder = await plainClient(left.url)
  await holder.query('select pg_advisory_lock(7)')
  const workers = [worker(), worker()]
  const running = reported(coordinator())
  running.catch(() => undefined)
  await expect.poll(gateWaits, { timeout: 60_000 }).toBe(true)
  await work()
  await holder.query('select pg_advisory_unlock(7)')
  expect(await running).toEqual(alone)
  for (const { process } of workers) process.kill('SIGTERM')
  expect((await Promise.all(workers.map(({ ended }) => ended))).map(({ code }) => code)).toEqual([0, 0])
}

describe('a check by workers, when the database of the queue', () => {
  test('is away when a worker starts: it waits, says so once, and takes ranges as soon as it may; what waiting does not cure ends it', async () => {
    const misled = start(['worker'], { QUEUE_URL: queue.url('nowhere') }).ended
    expect(await misled).toMatchObject({ code: 2, stderr: expect.stringContaining('database-missing') })
    await queue.kill()
    const [early, stopped] = [worker(), worker()]
    await Promise.all([early, stopped].map((each) => each.printed('worker.unavailable')))
    stopped.process.kill('SIGTERM')
    expect((await stopped.ended).code).toBe(0)
    await queue.start()
    expect(await reported(coordinator())).toEqual(alone)
    early.process.kill('SIGTERM')
    const { code, stdout } = await early.ended
    expect({ code, told: stdout.split('worker.unavailable').length - 1 }).toEqual({ code: 0, told: 1 })
  })

  test('is killed with -9 in the middle, and comes back: the result is that of one process', () =>
    inTheMiddle(async () => {
      await queue.kill()
      // Both workers have noticed.
      await Promise.all(started.slice(-3, -1).map((each) => each.printed('worker.unavailable')))
      await queue.start()
    }))

  test('loses its connections again and again: the same', () =>
    inTheMiddle(async () => {
      const cut = `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`
      let cuts = 0
      await expect
        .poll(async () => (cuts += (await query(queue.url(), cut)).length), { timeout: 60_000, interval: 300 })
        .toBeGreaterThan(15)
    }))

  test('is frozen in the middle, or has no room: the range is lost, and the result is that of one process', async () => {
    const workers = (): readonly RunningCli[] => started.slice(-3, -1)
    await inTheMiddle(async () => {
      await queue.freeze(true)
      await Promise.any(workers().map((each) => each.printed('worker.lost')))
      await queue.freeze(false)
    })
    await inTheMiddle(async () => {
      await query(queue.url(), FULL)
      await Promise.any(workers().map((each) => each.printed('worker.lost')))
      await query(queue.url(), 'drop function lockstep_queue.full() cascade')
    })
  })

  test('takes rights away in the middle: refused by name and without a verdict; workers live on, and are as good as before', async () => {
    await query(queue.url(), 'create role app login')
    await query(queue.url(), 'create database mine owner app')
    const mine = { QUEUE_URL: queue.url('mine').replace('postgres@', 'app@') }
    await using holder = await plainClient(left.url)
    await holder.query('select pg_advisory_lock(7)')
    const one = start(['worker'], mine)
    const refused = coordinator(mine).ended
    await expect.poll(gateWaits, { timeout: 60_000 }).toBe(true)
    const tables = 'on all tables in schema lockstep_queue'
    await query(queue.url('mine'), `revoke all ${tables} from app`)
    expect(await refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('permission-denied') })
    await query(queue.url('mine'), `grant all ${tables} to app`)
    await holder.query('select pg_advisory_unlock(7)')
    expect(await reported(coordinator(mine))).toEqual(alone)
    one.process.kill('SIGTERM')
    expect((await one.ended).code).toBe(0)
  })
})

test('a table that is altered while workers read it: refused by name and without a verdict', async () => {
  await using holder = await plainClient(left.url)
  await holder.query('select pg_advisory_lock(7)')
  const one = worker()
  const refused = coordinator().ended
  await expect.poll(gateWaits, { timeout: 60_000 }).toBe(true)
  // Next in the queue for the table's lock: before the ranges that are left are read.
  await using other = await plainClient(right.url)
  const altered = other.query('alter table orders rename column note to remark')
  const queued = `select 1 from pg_locks where mode = 'AccessExclusiveLock' and relation = 'orders'::regclass`
  const renamed = `select 1 from information_schema.columns where table_name = 'orders' and column_name = 'remark'`
  await expect
    .poll(async () => [...(await query(right.url, queued)), ...(await query(right.url, renamed))].length)
    .toBe(1)
  await holder.query('select pg_advisory_unlock(7)')
  await altered
  await using _restored = {
    [Symbol.asyncDispose]: () =>
      query(right.url, 'alter table orders rename column remark to note').then(() => undefined),
  }
  expect(await refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('range-failed') })
  one.process.kill('SIGTERM')
  expect((await one.ended).code).toBe(0)
})
