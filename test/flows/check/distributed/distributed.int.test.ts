import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { workerHandler } from 'lockstep/lambda'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type BuiltCli, builtCli, type RunningCli } from '../../../support/built-cli.js'
import { type PlainClient, plainClient, testDatabase } from '../../../support/postgres.js'

const CONFIG = fileURLToPath(new URL('lockstep.config.ts', import.meta.url))
const ROWS = 30_000

const left = testDatabase('a')
const right = testDatabase('b')
const queue = testDatabase('a')

const Report = z.object({
  verdict: z.string(),
  rows: z.object({ left: z.string(), right: z.string() }),
  missingLeft: z.number(),
  missingRight: z.number(),
  changed: z.number(),
  unstable: z.number(),
  differences: z.array(z.object({ kind: z.string(), key: z.array(z.string()) })).optional(),
  distributed: z.object({ ranges: z.number(), by: z.string(), workers: z.number(), ownMoments: z.number() }).optional(),
  resumed: z.unknown().optional(),
})
type Report = z.infer<typeof Report>

let cli: BuiltCli
let l: PlainClient
let r: PlainClient
let q: PlainClient

beforeAll(async () => {
  cli = await builtCli()
  ;[l, r, q] = await Promise.all([plainClient(left.url), plainClient(right.url), plainClient(queue.url)])
  for (const client of [l, r]) {
    await client.query('create table orders (id bigint primary key, note text not null)')
    await client.query(`insert into orders select n * 3, 'note ' || n from generate_series(1, ${ROWS}) n`)
    await client.query(`create table words (word text primary key, n int)`)
    await client.query(`insert into words select md5(n::text), n from generate_series(1, 5000) n`)
    // Stops whoever reads this row, but for who looks where to cut.
    await client.query(`create function poisoned(id bigint) returns boolean language plpgsql as $$ begin
      if id = 45000 and current_query() not like '%tablesample%' then raise division_by_zero; end if; return true; end $$`)
  }
})

afterAll(async () => {
  await Promise.all([l, r, q].map((client) => client.end()))
  await cli[Symbol.asyncDispose]()
})

const started: RunningCli[] = []

afterEach(async () => {
  for (const { process } of started) process.kill('SIGKILL')
  await Promise.all(started.splice(0).map(({ ended }) => ended))
})

const start = (args: readonly string[], more: Readonly<Record<string, string>>): RunningCli => {
  const running = cli.start(args, { env: env(more) })
  started.push(running)
  return running
}

const env = (more: Readonly<Record<string, string>> = {}) => ({
  LEFT_URL: left.url,
  RIGHT_URL: right.url,
  QUEUE_URL: queue.url,
  ...more,
})

const worker = (more: Readonly<Record<string, string>> = {}, args: readonly string[] = []): RunningCli =>
  start(['worker', '--config', CONFIG, '--log-level', 'debug', ...args], more)

const coordinator = (more: Readonly<Record<string, string>> = {}, args: readonly string[] = []): RunningCli =>
  start(['check', 'same', '--config', CONFIG, '--json', '--more-info', '--limit', '100000', ...args], more)

async function reported(running: RunningCli): Promise<Report> {
  const { stdout, stderr } = await running.ended
  expect(stdout, stderr).not.toBe('')
  return Report.parse(JSON.parse(stdout))
}

async function stopped(workers: readonly RunningCli[]): Promise<readonly (number | null)[]> {
  for (const { process } of workers) process.kill('SIGTERM')
  return (await Promise.all(workers.map(({ ended }) => ended))).map(({ code }) => code)
}

/** What two reports must have in common, whoever made them. */
function substance(report: Report): unknown {
  const { distributed: _, resumed: __, differences = [], ...rest } = report
  const found = differences.map(({ kind, key }) => `${kind} ${key.join(' ')}`).sort()
  return { ...rest, found }
}

async function spoil(): Promise<void> {
  await l.query('delete from orders where id % 210 = 0')
  await r.query(`update orders set note = 'other' where id % 150 = 0`)
  await r.query(`insert into orders select n * 3 - 1, 'new' from generate_series(1, ${ROWS}, 997) n`)
}

async function queueIsEmpty(): Promise<void> {
  const { rows } = await q.query(`select (select count(*) from graphile_worker.jobs) as jobs,
    (select count(*) from lockstep_queue.runs) as runs, (select count(*) from lockstep_queue.found) as found`)
  expect(rows).toEqual([{ jobs: '0', runs: '0', found: '0' }])
}

/** Of both tables as they are now, by one process. */
let alone: Report

const ranges = async (state: string): Promise<number> =>
  (await q.query('select 1 from lockstep_queue.ranges where state = $1', [state])).rowCount ?? 0

describe('a comparison of two tables that workers do', () => {
  it('comes to what one process comes to, for equal and for different tables, with two workers and with four', async () => {
    const two = [worker(), worker()]
    const same = await reported(coordinator())
    expect(same).toMatchObject({ verdict: 'same', rows: { left: String(ROWS), right: String(ROWS) } })
    expect(same.distributed).toMatchObject({ ranges: 12, by: 'key', ownMoments: 0 })
    await spoil()
    alone = await reported(coordinator({ ALONE: 'yes' }))
    expect(alone).toMatchObject({ verdict: 'different' })
    expect(alone.missingLeft + alone.missingRight + alone.changed).toBeGreaterThan(200)
    const four = [...two, worker(), worker()]
    const together = await reported(coordinator())
    expect(substance(together)).toEqual(substance(alone))
    expect(together.distributed?.workers).toBeGreaterThan(1)
    expect(await stopped(four)).toEqual([0, 0, 0, 0])
    const reader = worker({ TABLE: 'words' })
    const words = await reported(coordinator({ TABLE: 'words' }))
    expect(words).toMatchObject({ verdict: 'same', rows: { left: '5000', right: '5000' } })
    // The order of texts is not the same everywhere.
    expect(words.distributed).toMatchObject({ ranges: 12, by: 'hash' })
    expect(await stopped([reader])).toEqual([0])
    await queueIsEmpty()
  })

  it('comes to the same while workers are killed and frozen, and others come late', async () => {
    const slow = { SETTLE_MS: '300' }
    const running = reported(coordinator(slow))
    const frozen = worker()
    await frozen.printed('worker.taken')
    frozen.process.kill('SIGSTOP')
    for (let kill = 0; kill < 3; kill++) {
      const victim = worker()
      await victim.printed('worker.taken')
      await setTimeout(Math.random() * 300)
      victim.process.kill('SIGKILL')
    }
    const late = [worker(), worker()]
    const report = await running
    expect(substance(report)).toEqual(substance(alone))
    // It believes to have a range still, and finds that nobody wants it.
    frozen.process.kill('SIGCONT')
    // A connection that it was waiting for when it froze may be what it misses first.
    await Promise.race([frozen.printed('worker.lost'), frozen.printed('worker.failed')])
    expect(await stopped([frozen, ...late])).toEqual([0, 0, 0])
    await queueIsEmpty()
  })

  it('gives back what a worker had that is told to stop, is cancelled, and goes on with the ranges that are left', async () => {
    const kept = { STATE_URL: queue.url, SETTLE_MS: '500', RANGES: '6' }
    const first = coordinator(kept)
    const quick = worker()
    await expect.poll(() => quick.output().split('worker.done').length).toBeGreaterThan(2)
    await expect.poll(() => ranges('running')).toBe(1)
    expect(await stopped([quick])).toEqual([0])
    const before = await ranges('done')
    expect(await ranges('running')).toBe(0)
    const { rows } = await q.query('select attempts, locked_at, run_at <= now() as due from graphile_worker.jobs')
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) expect(row).toEqual({ attempts: 0, locked_at: null, due: true })
    // Those that are done are told to the coordinator before it is stopped.
    await expect.poll(async () => (await q.query('select 1 from lockstep.checkpoints')).rowCount).toBeGreaterThan(0)
    first.process.kill('SIGINT')
    expect((await first.ended).code).toBe(3)
    expect((await q.query('select 1 from graphile_worker.jobs')).rowCount).toBe(0)
    const after = worker()
    const report = await reported(coordinator(kept, ['--resume']))
    const taken = after.output().split('worker.taken').length - 1
    expect(taken).toBe(6 - before)
    const { found: _, ...counts } = z.record(z.string(), z.unknown()).parse(substance(report))
    expect(counts).toEqual((({ found, ...rest }) => rest)(z.record(z.string(), z.unknown()).parse(substance(alone))))
    expect(report.resumed).toBeDefined()
    expect(await stopped([after])).toEqual([0])
    await queueIsEmpty()
  })

  it('goes on with what is left after its coordinator was killed, and says what was read at moments of its own', async () => {
    const kept = { STATE_URL: queue.url, SETTLE_MS: '800', RANGES: '4' }
    const first = coordinator(kept)
    const untiring = worker()
    const told = `select 1 from lockstep.checkpoints where position ~ '"(changed|missingLeft|missingRight)":[1-9]'`
    await expect.poll(async () => (await q.query(told)).rowCount).toBe(1)
    first.process.kill('SIGKILL')
    await first.ended
    const report = await reported(coordinator(kept, ['--resume']))
    expect(report.resumed).toBeDefined()
    const { verdict, rows, missingLeft, missingRight, changed, unstable } = alone
    expect(report).toMatchObject({ verdict, rows, missingLeft, missingRight, changed, unstable })
    expect(report.distributed).toMatchObject({ ranges: 4 })
    // The snapshots were the killed one's.
    expect(report.distributed?.ownMoments).toBeGreaterThan(0)
    const apart = await reported(coordinator({ SNAPSHOT_MS: '0', RANGES: '4' }))
    expect(substance(apart)).toEqual(substance(alone))
    expect(apart.distributed).toMatchObject({ ranges: 4, ownMoments: 4 })
    expect(await stopped([untiring])).toEqual([0])
    await queueIsEmpty()
  })

  it('finds what differs, and nothing else, in tables with UUIDs that are written to all the while', async () => {
    const known = Array.from({ length: 4_000 }, () => randomUUID())
    const both = (statement: string, ids: readonly string[]) =>
      Promise.all([l, r].map((client) => client.query(statement, [ids])))
    const insert = 'insert into live select id, 0 from unnest($1::uuid[]) id'
    for (const client of [l, r]) await client.query('create table live (id uuid primary key, n int not null)')
    await both(insert, known)
    const odd = known.pop() ?? ''
    await r.query('update live set n = -1 where id = $1', [odd])
    const live = { TABLE: 'live', SETTLE_MS: '2000', RANGES: '6' }
    const workers = [worker(live, ['--concurrency', '3']), worker(live, ['--concurrency', '3'])]
    const running = coordinator(live)
    const over = { is: false }
    void running.ended.then(() => {
      over.is = true
    })
    let written = 0
    // Each row once, as one that changes at all looks is unstable.
    for (; !over.is; written++) {
      await both(insert, [randomUUID(), randomUUID()])
      await both('update live set n = n + 1 where id = any($1::uuid[])', known.splice(0, 2))
    }
    const report = await reported(running)
    expect(written).toBeGreaterThan(10)
    expect(report).toMatchObject({ verdict: 'different', missingLeft: 0, missingRight: 0, changed: 1, unstable: 0 })
    expect(report.differences).toEqual([expect.objectContaining({ kind: 'changed', key: [odd] })])
    expect(report.distributed).toMatchObject({ ranges: 6, by: 'key', ownMoments: 0 })
    expect(await stopped(workers)).toEqual([0, 0])
  })

  it('fails by name where a range fails each time, where no config fits, and where the tables are others', async () => {
    const poisoned = { WHERE: 'poisoned(id)', ATTEMPTS: '2' }
    const victim = worker(poisoned)
    const failed = await coordinator(poisoned).ended
    expect(failed.code).toBe(5)
    expect(failed.stderr).toContain('range-failed')
    expect(failed.stderr).toContain('was taken 2 times and failed, the last time with invalid-value')
    expect(failed.stderr).not.toContain('45000')
    // Workers look for runs every two seconds, on a busy machine less often.
    const refused = await coordinator({ WAIT_MS: '8000' }).ended
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('worker-config-differs')
    expect(victim.output()).toContain('worker.refused')
    expect(await stopped([victim])).toEqual([0])
    const swapped = worker({ LEFT_URL: right.url, RIGHT_URL: left.url })
    const elsewhere = await coordinator().ended
    expect(elsewhere.code).toBe(2)
    expect(elsewhere.stderr).toContain('range-elsewhere')
    expect(await stopped([swapped])).toEqual([0])
    await queueIsEmpty()
  })

  it('is done by a worker that takes what is there and ends', async () => {
    expect((await worker({}, ['--once']).ended).code).toBe(0)
    const running = reported(coordinator())
    await expect.poll(() => ranges('waiting')).toBe(12)
    expect((await worker({}, ['--once', '--concurrency', '3']).ended).code).toBe(0)
    expect(substance(await running)).toEqual(substance(alone))
  })

  it('is done by a function of a cloud, which gives back what it has no time for', async () => {
    for (const [name, value] of Object.entries(env())) vi.stubEnv(name, value)
    const { default: config } = await import('./lockstep.config.js')
    vi.unstubAllEnvs()
    const handler = workerHandler(config, { concurrency: 2, reserveMs: 1_000 })
    expect(await handler({}, { getRemainingTimeInMillis: () => 60_000 })).toEqual({ done: 0, failed: 0, refused: 0 })
    const running = reported(coordinator({ RANGES: '2', SETTLE_MS: '2500' }))
    await expect.poll(() => ranges('waiting')).toBe(2)
    const hasty = handler({}, { getRemainingTimeInMillis: () => 2_000 })
    expect(await hasty).toMatchObject({ failed: 0, refused: 0 })
    const { rows } = await q.query(
      'select attempts, locked_at from graphile_worker.jobs where locked_at is not null or attempts > 0',
    )
    expect(rows).toEqual([])
    expect(await handler({}, { getRemainingTimeInMillis: () => 100_000 })).toMatchObject({ failed: 0, refused: 0 })
    expect(substance(await running)).toEqual(substance(alone))
    await Promise.all([...new Set(config.flows['same']?.databases)].map((database) => database[Symbol.asyncDispose]()))
  })
})
