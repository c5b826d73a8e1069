import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type BuiltCli, builtCli, type RunningCli } from '../../../support/built-cli.js'
import { mariadbQuery, testMariadb } from '../../../support/mariadb.js'
import { type PlainClient, plainClient, testDatabase } from '../../../support/postgres.js'

const CONFIG = fileURLToPath(new URL('lockstep.config.ts', import.meta.url))
const BLOBS = 3_000

const main = testDatabase('a')
const queue = testDatabase('a')
const other = testMariadb()

const Report = z.looseObject({
  verdict: z.string(),
  master: z.object({ rows: z.number() }).loose(),
  references: z.array(z.object({ keys: z.number() }).loose()),
  total: z.number(),
  mismatch: z.number(),
  unreferenced: z.number(),
  orphan: z.number(),
  unstable: z.number(),
  findings: z.array(z.looseObject({ kind: z.string(), key: z.string() })),
  distributed: z.object({ ranges: z.number(), by: z.string(), workers: z.number(), ownMoments: z.number() }).optional(),
  resumed: z.unknown().optional(),
})
type Report = z.infer<typeof Report>

let cli: BuiltCli
let m: PlainClient
let q: PlainClient
/** What one process finds in all that is there. */
let alone: Report

beforeAll(async () => {
  cli = await builtCli()
  ;[m, q] = await Promise.all([plainClient(main.url), plainClient(queue.url)])
  await m.query(`
    create table blobs (id bigint primary key, n int not null);
    create table mails (id serial primary key, blob_id bigint);
    create index on mails (blob_id);
    create table uses (id serial primary key, name text);
    insert into mails (blob_id) select case when n % 7 = 0 then null when n % 7 = 1 then 0 else 10 * (1 + n % ${BLOBS}) end
      from generate_series(1, 4 * ${BLOBS}) n;
    insert into uses (name) select 'é' || (n % 500) from generate_series(1, 5000) n;
    -- Stops whoever counts this row.
    create function poisoned(id bigint) returns boolean language plpgsql as $$ begin
      if id = 15000 then raise division_by_zero; end if; return true; end $$`)
  await mariadbQuery(
    other.url,
    `create table notes (id int primary key auto_increment, blob_id bigint, index (blob_id));
     insert into notes (blob_id) select 10 * (1 + seq % 2000) from seq_1_to_5000;
     create table names (name varchar(50) character set utf8mb4 collate utf8mb4_bin primary key, n int not null);
     insert into names select concat('é', seq), 10 from seq_0_to_499;
     update names set n = 3 where name in ('é7', 'é450'); delete from names where name = 'é2';
     insert into names values ('', 1), ('zz', 0), ('zzz', 2)`,
  )
  // A plain count of both databases is what is right; the faults are planted after it.
  const notes = await mariadbQuery(other.url, 'select blob_id as id, count(*) as n from notes group by blob_id')
  const pairs = notes.map(({ id, n }) => `(${String(id)},${String(n)})`).join(',')
  await m.query(`insert into blobs select id, sum(n) from (select 10 * n as id, 0 as n from generate_series(1, ${BLOBS}) n
      union all select blob_id, count(*) from mails where blob_id > 0 group by 1 union all values ${pairs}) z group by id`)
  await m.query(`
    update blobs set n = n + 1 where id % 370 = 0;
    insert into blobs select 100000 + n, 2 from generate_series(1, 40) n;
    delete from blobs where id in (10, 15000, 30000);
    insert into mails (blob_id) values (-1), (-1), (15), (7777777777777)`)
  await mariadbQuery(
    other.url,
    'insert into notes (blob_id) values (-9000000000), (-1), (29995), (9000000000000000000)',
  )
  alone = await reported(coordinator({ ALONE: 'yes' }))
}, 120_000)

afterAll(async () => {
  await Promise.all([m, q].map((client) => client.end()))
  await cli[Symbol.asyncDispose]()
})

const started: RunningCli[] = []

afterEach(async () => {
  for (const { process } of started) process.kill('SIGKILL')
  await Promise.all(started.splice(0).map(({ ended }) => ended))
})

type Env = Readonly<Record<string, string>>

function start(args: readonly string[], more: Env): RunningCli {
  const env = { MAIN_URL: main.url, OTHER_URL: other.url, QUEUE_URL: queue.url, ...more }
  const running = cli.start(args, { env })
  started.push(running)
  return running
}

const worker = (more: Env = {}): RunningCli => start(['worker', '--config', CONFIG, '--log-level', 'debug'], more)

const checking = (flow: string, more: Env, args: readonly string[] = []): RunningCli =>
  start(['check', flow, '--config', CONFIG, '--json', '--more-info', '--limit', '100000', ...args], more)

const coordinator = (more: Env = {}, args: readonly string[] = []): RunningCli => checking('blobs', more, args)

async function reported(running: RunningCli): Promise<Report> {
  const { stdout, stderr } = await running.ended
  expect(stdout, stderr).not.toBe('')
  return Report.parse(JSON.parse(stdout))
}

async function stopped(workers: readonly RunningCli[]): Promise<readonly (number | null)[]> {
  for (const { process } of workers) process.kill('SIGTERM')
  return (await Promise.all(workers.map(({ ended }) => ended))).map(({ code }) => code)
}

/** The lines of the repair, but for their order and what joins them. */
async function repair(more: Env): Promise<readonly string[]> {
  const { stdout, stderr } = await start(['check', 'mails', '--config', CONFIG, '--repair', 'sql'], more).ended
  const lines = stdout.split('\n').filter((line) => /\d/.test(line) && !line.startsWith('--'))
  expect(lines.length, stderr).toBeGreaterThan(100)
  return lines.map((line) => line.replace(/[,;]$/, '')).sort()
}

/** What two reports must have in common, whoever made them: each count, and each finding with its sources and their rows. */
function substance(report: Report): unknown {
  const { distributed: _, resumed: __, snapshotMs: ___, durationMs: ____, findings, ...rest } = report
  return { ...rest, findings: [...findings].sort((one, other) => (one.key < other.key ? -1 : 1)) }
}

async function queueIsEmpty(): Promise<void> {
  const { rows } = await q.query(`select (select count(*) from graphile_worker.jobs) as jobs,
    (select count(*) from lockstep_queue.runs) as runs, (select count(*) from lockstep_queue.found) as found`)
  expect(rows).toEqual([{ jobs: '0', runs: '0', found: '0' }])
}

describe('references that workers count', () => {
  it('come to what one process counts, of every kind and below, between and above the keys of the master', async () => {
    const kinds = new Map(alone.findings.map(({ key, kind }) => [key, kind]))
    expect(alone).toMatchObject({ verdict: 'different', unstable: 0, unreferenced: 40, orphan: 9 })
    expect(alone.mismatch).toBeGreaterThan(70)
    for (const key of ['-9000000000', '-1', '10', '15', '15000', '30000', '7777777777777', '9000000000000000000'])
      expect(kinds.get(key), key).toBe('orphan')
    expect([kinds.get('370'), kinds.get('100040')]).toEqual(['mismatch', 'unreferenced'])
    const two = [worker(), worker()]
    await Promise.all(two.map((one) => one.printed('worker.started')))
    const together = await reported(coordinator({ SETTLE_MS: '500' }))
    expect(substance(together)).toEqual(substance(alone))
    expect(together.distributed).toMatchObject({ ranges: 6, by: 'key', workers: 2, ownMoments: 6 })
    const names = await reported(checking('names', {}))
    expect(names).toMatchObject({
      verdict: 'different',
      mismatch: 2,
      orphan: 1,
      unreferenced: 2,
      master: { rows: 502 },
    })
    expect(names.distributed).toMatchObject({ ranges: 6, by: 'key' })
    expect(substance(names)).toEqual(substance(await reported(checking('names', { ALONE: 'yes' }))))
    // All in PostgreSQL, which shares the moment that the coordinator holds.
    const mails = await reported(checking('mails', {}))
    expect(mails).toMatchObject({ verdict: 'different', orphan: 6 })
    expect(mails.distributed).toMatchObject({ ranges: 6, ownMoments: 0 })
    expect(await repair({})).toEqual(await repair({ ALONE: 'yes' }))
    expect(await stopped(two)).toEqual([0, 0])
    await queueIsEmpty()
  })

  it('come to the same when a worker is killed in the middle of a range', async () => {
    const running = reported(coordinator({ SETTLE_MS: '1000', RANGES: '3' }))
    const victim = worker()
    await victim.printed('worker.taken')
    victim.process.kill('SIGKILL')
    await victim.ended
    const heir = worker()
    expect(substance(await running)).toEqual(substance(alone))
    expect(await stopped([heir])).toEqual([0])
    await queueIsEmpty()
  })

  it('go on with what is left after their coordinator was killed', async () => {
    const kept = { STATE_URL: queue.url, SETTLE_MS: '800', RANGES: '4' }
    const first = coordinator(kept)
    const untiring = worker()
    const told = `select 1 from lockstep.checkpoints where position ~ '"(mismatch|orphan|unreferenced)":[1-9]'`
    await expect.poll(async () => (await q.query(told)).rowCount, { timeout: 30_000 }).toBe(1)
    first.process.kill('SIGKILL')
    await first.ended
    const report = await reported(coordinator(kept, ['--resume']))
    expect(report.resumed).toBeDefined()
    expect(report.distributed).toMatchObject({ ranges: 4 })
    // What was told before it was killed is counted, not told again.
    expect(report.findings.length).toBeLessThan(alone.findings.length)
    const { verdict, master, references, total, mismatch, unreferenced, orphan, unstable } = alone
    expect(report).toMatchObject({ verdict, master, references, total, mismatch, unreferenced, orphan, unstable })
    expect(await stopped([untiring])).toEqual([0])
    await queueIsEmpty()
  })

  it('fail by name where a range fails each time, and where the tables are those of another database', async () => {
    const poisoned = { WHERE: 'poisoned(blob_id)', ATTEMPTS: '2' }
    const victim = worker(poisoned)
    const failed = await coordinator(poisoned).ended
    expect(failed.code).toBe(5)
    expect(failed.stderr).toContain('range-failed')
    expect(failed.stderr).toContain('was taken 2 times and failed, the last time with')
    expect(failed.stdout).not.toContain('"verdict"')
    expect(failed.stderr).not.toContain('15000')
    expect(await stopped([victim])).toEqual([0])
    // Tables of the same shape, in another database.
    await q.query(`create table if not exists blobs (id bigint primary key, n int not null);
      create table if not exists mails (id serial primary key, blob_id bigint); create index on mails (blob_id)`)
    const swapped = worker({ MAIN_URL: queue.url })
    const elsewhere = await coordinator({ ATTEMPTS: '1' }).ended
    expect(elsewhere.code).toBe(2)
    expect(elsewhere.stderr).toContain('range-elsewhere')
    expect(await stopped([swapped])).toEqual([0])
    await queueIsEmpty()
  })
})
