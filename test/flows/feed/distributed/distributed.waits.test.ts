import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { s3 } from '../../../../src/adapters/objects/s3/index.js'
import { isObjectMissing, type ObjectStore } from '../../../../src/core/object-store.js'
import { type BuiltCli, builtCli, type RunningCli } from '../../../support/built-cli.js'
import { plainMariadb, testMariadb } from '../../../support/mariadb.js'
import type { HttpDouble } from '../../../support/objects/http-double.js'
import { startS3Double } from '../../../support/objects/s3-double.js'
import { S3_CREDENTIALS } from '../../../support/objects/s3-server.js'
import { type PlainClient, plainClient, testDatabase } from '../../../support/postgres.js'
import { Place } from '../feed-subject.js'

const CONFIG = fileURLToPath(new URL('lockstep.config.ts', import.meta.url))
const ROWS = 8_000

const source = testDatabase('b')
const queue = testDatabase('a')
const mariadb = testMariadb()
const { signal } = new AbortController()

const Manifest = z.object({
  sequence: z.number(),
  rows: z.number(),
  consistency: z.string().optional(),
  moments: z.number().optional(),
  rejected: z.number(),
  skipped: z.number(),
  files: z.array(z.object({ name: z.string(), rows: z.number(), bytes: z.number(), sha256: z.string() })),
})
type Manifest = z.infer<typeof Manifest>

let cli: BuiltCli
let db: PlainClient
let q: PlainClient
let double: HttpDouble
let bucket: ObjectStore

beforeAll(async () => {
  cli = await builtCli()
  ;[db, q] = await Promise.all([plainClient(source.url), plainClient(queue.url)])
  double = await startS3Double('feeds', S3_CREDENTIALS.accessKeyId)
  const { endpoint } = double
  bucket = s3({ bucket: 'feeds', prefix: 'shared', endpoint, region: 'eu-central-1', credentials: S3_CREDENTIALS })
  await db.query('create table facility (id bigint primary key, name text not null, version int not null default 0)')
  await db.query(`insert into facility select n * 3, 'name ' || n || E' "\\n' from generate_series(1, ${ROWS}) n`)
  // Stops whoever reads this row.
  await db.query(`create function poisoned(id bigint) returns boolean language plpgsql as $$ begin
    if id = 12000 and current_query() not like '%tablesample%' then raise division_by_zero; end if; return true; end $$`)
})

afterAll(async () => {
  await Promise.all([db, q].map((client) => client.end()))
  await Promise.all([cli[Symbol.asyncDispose](), double[Symbol.asyncDispose]()])
})

const started: RunningCli[] = []

afterEach(async () => {
  for (const { process } of started) process.kill('SIGKILL')
  await Promise.all(started.splice(0).map(({ ended }) => ended))
})

type Env = Readonly<Record<string, string>>

function start(args: readonly string[], more: Env): RunningCli {
  const env = { FEED_URL: source.url, QUEUE_URL: queue.url, ...more }
  const running = cli.start([...args, '--config', CONFIG], { env })
  started.push(running)
  return running
}

const worker = (more: Env): RunningCli => start(['worker', '--log-level', 'debug'], more)
const coordinator = (more: Env, flow = 'facilities'): RunningCli => start(['run', flow], more)

async function published(running: RunningCli): Promise<string> {
  const { code, stdout, stderr } = await running.ended
  expect(code, `${stdout}\n${stderr}`).toBe(0)
  return `${stdout}\n${stderr}`
}

async function stopped(...workers: readonly RunningCli[]): Promise<void> {
  for (const { process } of workers) process.kill('SIGTERM')
  for (const { ended } of workers) expect((await ended).code).toBe(0)
}

/** The lines of a feed as the database itself makes them. */
async function lines(where = 'true'): Promise<readonly string[]> {
  const { rows } = await db.query<{ line: string }>(
    `select '{"id":"' || id || '","name":' || to_json(name)::text || ',"version":' || version || '}' as line
     from facility where name <> 'hidden' and name not like 'bad%' and ${where} order by id`,
  )
  return rows.map(({ line }) => line)
}

/** As a reader does it: the manifest with the highest number, then each file that it names, byte for byte. */
async function read(store: ObjectStore): Promise<{ manifest: Manifest; lines: readonly string[] } | undefined> {
  const names = (await store.list('', signal)).map(({ name }) => name)
  const newest = names.filter((name) => name.endsWith('.manifest.json')).at(-1)
  if (newest === undefined) return undefined
  const manifest = Manifest.parse(JSON.parse(String(await bytesOf(store, newest))))
  const texts: string[] = []
  for (const { name, bytes, sha256, rows } of manifest.files) {
    const content = await bytesOf(store, name)
    expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256])
    const some = gunzipSync(content).toString().split('\n').slice(0, -1)
    expect(some).toHaveLength(rows)
    texts.push(...some)
  }
  return { manifest, lines: texts }
}

async function bytesOf(store: ObjectStore, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.read(name, signal)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Reads all the time; throws on a feed that is not of one moment. */
function watch(store: ObjectStore): { end(): Promise<number> } {
  let over = false
  const watching = (async () => {
    let feeds = 0
    while (!over) {
      try {
        const found = await read(store)
        if (found !== undefined) feeds += 1
        expect(new Set(found?.lines.map((line) => JSON.parse(line).version)).size).toBeLessThanOrEqual(1)
      } catch (error) {
        // Retention was faster.
        if (!isObjectMissing(error)) throw error
      }
    }
    return feeds
  })()
  watching.catch(() => undefined)
  return {
    end: () => {
      over = true
      return watching
    },
  }
}

/** Nothing is there but what the manifests name: what was left behind is swept. */
async function expectTidy(store: ObjectStore): Promise<void> {
  const names = (await store.list('', signal)).map(({ name }) => name)
  const named: string[] = []
  for (const name of names.filter((each) => each.endsWith('.manifest.json'))) {
    const { files } = Manifest.parse(JSON.parse(String(await bytesOf(store, name))))
    named.push(name, ...files.map((file) => file.name))
  }
  expect(names.filter((name) => !name.endsWith('.latest.json'))).toEqual(named.sort())
}

const waiting = async (): Promise<number> => {
  const { rows } = await q.query<{ at: string | null }>(`select to_regclass('lockstep_queue.ranges')::text as at`)
  if (rows[0]?.at === null) return 0
  return (await q.query(`select 1 from lockstep_queue.ranges where state = 'waiting'`)).rowCount ?? 0
}

const jobs = async (): Promise<number> => (await q.query('select 1 from graphile_worker.jobs')).rowCount ?? 0

/** Of runs whose coordinators were heard of in time. */
const leases = async (): Promise<number> =>
  (await q.query(`select 1 from lockstep_queue.runs where seen_at > now() - lease_ms * interval '1 ms'`)).rowCount ?? 0

async function queueIsEmpty(): Promise<void> {
  const { rows } = await q.query(`select (select count(*) from graphile_worker.jobs) as jobs,
    (select count(*) from lockstep_queue.runs) as runs, (select count(*) from lockstep_queue.found) as found`)
  expect(rows).toEqual([{ jobs: '0', runs: '0', found: '0' }])
}

describe('a feed that workers write', () => {
  it('has the rows of one process, of the moment when it began, with what was rejected', async () => {
    await using place = await Place.make()
    await using aside = await Place.make()
    const env = { FEED_FOLDER: place.path, QUARANTINE: aside.path }
    await db.query(`update facility set name = case when id % 2 = 0 then 'bad' else 'hidden' end where id % 999 = 0`)
    const expected = await lines()
    const running = coordinator(env)
    await expect.poll(waiting).toBe(6)
    // Rows come, go and move to other ranges before any of them is read.
    await db.query('delete from facility where id % 7 = 0')
    await db.query('update facility set id = 30001 - id where id % 11 = 0 and id < 12000')
    await db.query(`insert into facility select n * 3 + 2, 'new' from generate_series(1, ${ROWS}, 5) n`)
    await db.query('update facility set version = 1')
    const workers = [worker(env), worker(env)]
    expect(await published(running)).toMatch(/6 ranges by [12] workers/)
    const first = await read(place.store)
    expect(first?.lines).toEqual(expected)
    const counts = { rejected: 12, skipped: 12 }
    expect(first?.manifest).toMatchObject({ ...counts, rows: ROWS - 24 })
    await published(coordinator({ ...env, ALONE: 'yes' }))
    const alone = await read(place.store)
    expect(alone?.lines).toEqual(await lines())
    await published(coordinator(env))
    const together = await read(place.store)
    expect(together?.lines).toEqual(alone?.lines)
    expect(together?.manifest).toMatchObject({ sequence: 3, rejected: alone?.manifest.rejected })
    const [, second = '', third = ''] = (await aside.names()).map((name) =>
      readFileSync(join(aside.path, name), 'utf8'),
    )
    expect(third).toBe(second)
    expect(third.split('\n')).toHaveLength((alone?.manifest.rejected ?? 0) + 1)
    await stopped(...workers)
    await expectTidy(place.store)
    await queueIsEmpty()
  })

  it('is one whole feed in a bucket while workers are killed and frozen', async () => {
    const env = {
      FEED_S3: double.endpoint,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
    }
    const watching = watch(bucket)
    await published(coordinator({ ...env, ALONE: 'yes' }))
    await db.query('update facility set version = 2')
    const running = published(coordinator(env))
    running.catch(() => undefined)
    const slow = { ...env, PAUSE_MS: '20' }
    const frozen = worker(slow)
    await frozen.printed('worker.taken')
    frozen.process.kill('SIGSTOP')
    // By `kill -9`, in the middle of a range: one file of it is finished.
    const victim = worker({ ...slow, LOCKSTEP_FAILPOINT: 'feed:after-file:1' })
    expect((await victim.ended).signal).toBe('SIGKILL')
    const late = [worker(env), worker(env)]
    await running
    const found = await read(bucket)
    expect(found?.lines).toEqual(await lines())
    frozen.process.kill('SIGCONT')
    // A connection that it was waiting for when it froze may be what it misses first.
    await Promise.race([frozen.printed('worker.lost'), frozen.printed('worker.failed')])
    await stopped(frozen, ...late)
    expect(await watching.end()).toBeGreaterThan(1)
    await expectTidy(bucket)
    await queueIsEmpty()
  })

  it('leaves the feed before when a range fails each time, and when it is stopped', async () => {
    await using place = await Place.make()
    const env = { FEED_FOLDER: place.path, ATTEMPTS: '2' }
    await published(coordinator({ ...env, ALONE: 'yes' }))
    const before = await place.names()
    const poisoned = { ...env, WHERE: 'poisoned(id)' }
    const reader = worker(poisoned)
    const failed = await coordinator(poisoned).ended
    expect(failed.code).toBe(5)
    expect(failed.stdout + failed.stderr).toContain('range-failed')
    expect(failed.stdout + failed.stderr).toContain('was taken 2 times and failed, the last time with invalid-value')
    await stopped(reader)
    expect(await place.names()).toEqual(before)
    const stopping = coordinator({ ...env, PAUSE_MS: '50' })
    const busy = worker({ ...env, PAUSE_MS: '50' })
    await busy.printed('worker.done')
    stopping.process.kill('SIGINT')
    expect((await stopping.ended).stdout).not.toContain('flow.published')
    // It notices that nobody wants the range that it is at.
    await expect.poll(jobs).toBe(0)
    await stopped(busy)
    expect(await place.names()).toEqual(before)
    await queueIsEmpty()
  })

  it('takes the files of a coordinator that was killed where the rows are as before', async () => {
    await using place = await Place.make()
    const env = { FEED_FOLDER: place.path }
    const busy = worker(env)
    const killed = await coordinator({ ...env, LOCKSTEP_FAILPOINT: 'feed:range:4' }).ended
    expect(killed.signal).toBe('SIGKILL')
    await stopped(busy)
    const inodes = async (): Promise<readonly number[]> => {
      const names = (await place.names()).filter((name) => name.endsWith('.gz'))
      return Promise.all(names.map(async (name) => (await stat(join(place.path, name))).ino))
    }
    const left = await inodes()
    expect(left.length).toBeGreaterThan(3)
    await expect.poll(leases).toBe(0)
    await db.query('delete from facility where id = (select max(id) from facility)')
    const again = worker(env)
    await published(coordinator(env))
    await stopped(again)
    expect((await read(place.store))?.lines).toEqual(await lines())
    const kept = (await inodes()).filter((inode) => left.includes(inode))
    expect(kept.length).toBeGreaterThan(left.length / 2)
    await expectTidy(place.store)
    await queueIsEmpty()
  })
})

const Ward = z.object({ town: z.string(), number: z.number(), version: z.number() })
type Ward = z.infer<typeof Ward>

describe('a feed that workers write of a database whose moments cannot be shared', () => {
  it('has each range of one moment, and rows that stay exactly once; of a table at rest it has what SQL says', async () => {
    await using place = await Place.make()
    await using maria = await plainMariadb(mariadb.url)
    const wards = async (where: string): Promise<readonly Ward[]> => {
      const rows = await maria.query(`select town, number, version from ward where ${where} order by town, number`)
      return rows.map(({ town, number, version }) => ({
        town: String(town),
        number: Number(number),
        version: Number(version),
      }))
    }
    await maria.query(
      'create table ward (town varchar(20) collate utf8mb4_unicode_ci, number int, version int, primary key (town, number))',
    )
    await maria.query(
      `insert into ward select concat(elt(1 + seq % 4, 'Ålesund', 'bergen', 'Oslo', "O'x"), seq % 9), seq, 0 from seq_1_to_6000`,
    )
    const stay = 'number % 3 = 1'
    const before = await wards(stay)
    const env = { FEED_FOLDER: place.path, FEED_MYSQL: mariadb.url }
    const running = coordinator(env, 'wards')
    const slow = worker({ ...env, PAUSE_MS: '300' })
    await slow.printed('worker.done')
    slow.process.kill('SIGSTOP')
    await maria.query('begin')
    await maria.query('update ward set version = 1')
    await maria.query('delete from ward where number % 3 = 2 and number % 7 = 0')
    await maria.query("update ward set town = concat('P', town) where number % 3 = 0")
    await maria.query("insert into ward select concat('Bergen', seq % 5), 10000 + seq, 1 from seq_1_to_500")
    await maria.query('commit')
    const other = worker(env)
    slow.process.kill('SIGCONT')
    expect(await published(running)).toMatch(/6 ranges by [12] workers, each of a moment of its own/)
    const first = await read(place.store)
    expect(first?.manifest).toMatchObject({ consistency: 'ranges', moments: 6 })
    const rows = (first?.lines ?? []).map((line) => Ward.parse(JSON.parse(line)))
    expect(new Set(rows.map(({ town, number }) => `${town} ${number}`)).size).toBe(rows.length)
    const stayed = rows.filter(({ number }) => number % 3 === 1 && number < 10_000)
    expect(stayed.map((row) => ({ ...row, version: 0 }))).toEqual(before)
    const versions = new Map<string, Set<number>>()
    let at = 0
    for (const { name, rows: count } of first?.manifest.files ?? []) {
      const range = /-(r\d{4}-[0-9a-f]{8})-\d{4}\./.exec(name)?.[1] ?? ''
      const seen = versions.get(range) ?? new Set()
      versions.set(range, seen)
      for (const { version } of rows.slice(at, at + count)) seen.add(version)
      at += count
    }
    expect([...versions.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1, 1, 1])
    expect(new Set([...versions.values()].flatMap((seen) => [...seen])).size).toBe(2)
    await published(coordinator(env, 'wards'))
    expect((await read(place.store))?.lines).toEqual((await wards('true')).map((row) => JSON.stringify(row)))
    await stopped(slow, other)
    await expectTidy(place.store)
    await queueIsEmpty()
  })
})
