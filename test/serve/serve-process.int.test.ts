import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LockstepClient } from 'lockstep/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { mariadbQuery, testMariadb } from '../support/mariadb.js'
import { testDatabase } from '../support/postgres.js'
import { onBoth, query, value } from '../support/sql.js'

/** One process runs flows, another one serves what the first has written to the state tables. Plain SQL is the judge. */
const A = testDatabase('a')
const B = testDatabase('b')
const M = testMariadb()
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const CONFIG = `import { check, defineConfig, ingest, sync } from 'lockstep'
import { env } from 'lockstep/env'
import { files } from 'lockstep/files'
import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'

const a = postgres(env('A_URL'))
const b = postgres(env('B_URL'))
const shop = mysql(env('M_URL'))

export default defineConfig({
  state: a,
  flows: {
    mirror: sync({ table: 'records', between: [a, b] }),
    notes: ingest({
      from: files({ path: 'notes.ndjson' }),
      into: shop.table('notes', { key: ['id'], version: 'revision' }),
      map: (note) => note,
    }),
    compare: check.tables({ left: a.table('apples'), right: b.table('apples'), schedule: '0 0 1 1 *' }),
  },
})
`

let folder = ''
let cli: BuiltCli
let proxy: FaultProxy
let running: RunningCli
let serving: RunningCli
/** Of the process that runs the flows, and of the one that only shows them. */
let runner: LockstepClient
let shown: LockstepClient
let shownAt = ''

async function addressOf(process: RunningCli): Promise<string> {
  await process.printed('http://127.0.0.1:')
  return /http:\/\/127\.0\.0\.1:\d+/.exec(process.output())?.[0] ?? 'it printed no address'
}

beforeAll(async () => {
  folder = await mkdtemp(join(ROOT, '.lockstep', 'serve-'))
  cli = await builtCli()
  await onBoth({ a: A.url, b: B.url }, 'create table records (id int primary key, value text)')
  await onBoth(
    { a: A.url, b: B.url },
    `create table apples as select i as id, 'kind ' || i as kind from generate_series(1, 300) i`,
  )
  await onBoth({ a: A.url, b: B.url }, 'alter table apples add primary key (id)')
  await query(B.url, `update apples set kind = 'pear' where id in (7, 8); delete from apples where id = 9`)
  await mariadbQuery(
    M.url,
    'create table notes (id int primary key, body varchar(20) not null, revision int not null) engine = InnoDB',
  )
  const notes = Array.from({ length: 60 }, (_, n) => ({ id: n, body: n % 20 === 0 ? null : `note ${n}`, revision: 1 }))
  await writeFile(join(folder, 'notes.ndjson'), notes.map((note) => `${JSON.stringify(note)}\n`).join(''))
  await writeFile(join(folder, 'lockstep.config.ts'), CONFIG)
  proxy = await FaultProxy.start(B.url)
  const env = { A_URL: A.url, B_URL: proxy.url, M_URL: M.url }
  serving = cli.start(['serve', '--listen', '0'], { cwd: folder, env })
  running = cli.start(['run', '--serve', '0', '--log-level', 'info'], { cwd: folder, env })
  shownAt = await addressOf(serving)
  shown = new LockstepClient({ url: shownAt })
  runner = new LockstepClient({ url: await addressOf(running) })
}, 120_000)

afterAll(async () => {
  running?.process.kill('SIGTERM')
  serving?.process.kill('SIGTERM')
  await Promise.all([running?.ended, serving?.ended])
  await proxy?.[Symbol.asyncDispose]()
  await cli?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const countOf = async (url: string, table: string): Promise<number> =>
  Number(await value(url, `select count(*)::int as count from ${table}`))

const inMariadb = async (sql: string): Promise<readonly unknown[]> =>
  (await mariadbQuery(M.url, sql)).map((row) => Object.values(row)[0])

describe('lockstep serve beside the process that runs the flows', () => {
  it('answers what plain SQL finds in the state tables, of PostgreSQL and of MariaDB', async () => {
    await expect.poll(async () => (await shown.flow('notes')).state).toBe('stopped')
    await expect.poll(async () => (await shown.flow('mirror')).state).toBe('running')
    await query(A.url, `insert into records select i, 'from a' from generate_series(1, 400) i`)
    await expect.poll(() => countOf(B.url, 'records')).toBe(400)
    await expect.poll(async () => (await shown.flow('mirror')).items).toBe(400)

    // The flow that still runs: what its process said last is newer in one place or the other.
    const [told] = await query<{ record: { run: string; state: string; items: number } }>(
      A.url,
      `select record from lockstep.runs where flow = 'mirror'`,
    )
    expect(await shown.runs('mirror')).toMatchObject([{ run: told?.record.run, state: 'running', items: 400 }])
    const series = await shown.series('mirror', 1)
    expect(series.items.reduce((sum, items) => sum + items, 0)).toBe(400)
    const positions = await query<{ lane: string; length: number }>(
      A.url,
      `select lane, length(position) as length from lockstep.checkpoints where flow = 'mirror' order by lane`,
    )
    const inA = (await shown.checkpoints('mirror')).filter(({ database }) => database.includes(A.name))
    expect(inA.map(({ lane }) => lane).sort()).toEqual(positions.map(({ lane }) => lane))
    expect(positions.length).toBeGreaterThan(0)

    const letters = await shown.letters('notes')
    const stored = await inMariadb(`select item_key from lockstep_dead_letters where flow = 'notes' order by item_key`)
    expect(stored).toHaveLength(3)
    expect(letters.items.map(({ itemKey }) => itemKey).sort()).toEqual(stored)
    await expect.poll(async () => (await shown.flow('notes')).stored).toMatchObject({ deadLetters: 3 })
    // Each message is an item, whether it became a row or a letter.
    const [rows] = await inMariadb('select count(*) from notes')
    expect((await shown.flow('notes')).items).toBe(Number(rows) + stored.length)
  })

  it('measures connections, of which the database has no fewer', async () => {
    const text = await (await fetch(`${await addressOf(running)}/metrics`)).text()
    const open = [...text.matchAll(/^lockstep_pool_connections\{database="([^"]+)",state="\w+"\} (\d+)$/gm)]
      .filter(([, database]) => database?.includes(A.name))
      .reduce((sum, [, , count]) => sum + Number(count), 0)
    const known = `select count(*)::int from pg_stat_activity where datname = current_database() and application_name like 'lockstep%'`
    expect(open).toBeGreaterThan(0)
    expect(open).toBeLessThanOrEqual(Number(await value(A.url, known)))
    expect(text).toMatch(/^lockstep_oldest_transaction_seconds\{database="[^"]+"\} \d/m)
  })

  it('shows the run of a check that another process was told to begin, with what it found', async () => {
    await runner.run('compare')
    const ended = `select id, exit_code, differences::int from lockstep.check_runs where flow = 'compare' and ended_at is not null`
    await expect.poll(() => query(A.url, ended)).toMatchObject([{ exit_code: 1, differences: 3 }])
    const [run] = (await shown.checks('compare')).items
    expect(run).toMatchObject({
      id: await value(A.url, ended),
      verdict: 'different',
      exitCode: 1,
      found: { changed: 2, 'missing-right': 1 },
    })
    const findings = await shown.findings('compare', run?.id ?? '')
    const kept = await query<{ key: string; kind: string }>(
      A.url,
      `select key, kind from lockstep.check_findings where run_id = '${run?.id}' order by number`,
    )
    expect(findings.items.map(({ key, kind }) => ({ key: JSON.stringify(key), kind }))).toEqual(kept)
    await expect.poll(async () => (await shown.flow('compare')).condition).toBe('attention')
  })

  it('tells of a flow that was paused elsewhere, and may itself neither pause nor resume it', async () => {
    await runner.pause('mirror')
    await expect.poll(async () => (await runner.flow('mirror')).state).toBe('paused')
    await expect.poll(async () => (await shown.flow('mirror')).state).toBe('paused')
    expect(await value(A.url, `select record ->> 'state' from lockstep.runs where flow = 'mirror'`)).toBe('paused')
    await query(A.url, `insert into records values (1001, 'while it was paused')`)
    await expect(shown.resume('mirror')).rejects.toMatchObject({ status: 409, code: 'flow-elsewhere' })
    await expect(shown.resetCheckpoints('mirror', 'mirror')).rejects.toMatchObject({ code: 'flow-state' })
    expect(await countOf(B.url, 'records where id = 1001')).toBe(0)
    await runner.resume('mirror')
    await expect.poll(() => countOf(B.url, 'records where id = 1001')).toBe(1)
    await expect.poll(async () => (await shown.flow('mirror')).state).toBe('running')
  })

  it('takes the positions of a flow that rests away, and the flow reads everything again', async () => {
    const positions = `select position from lockstep_checkpoints where flow = 'notes'`
    expect(await inMariadb(positions)).toHaveLength(1)
    await mariadbQuery(M.url, `delete from notes where id < 40`)
    await expect(shown.resetCheckpoints('notes', 'note')).rejects.toMatchObject({ code: 'confirm-wrong' })
    expect(await shown.resetCheckpoints('notes', 'notes')).toEqual({ lanes: 1 })
    expect(await inMariadb(positions)).toEqual([])
    await runner.resume('notes')
    await expect.poll(() => inMariadb('select count(*) from notes')).toEqual(['57'])
    expect(await inMariadb('select attempts from lockstep_dead_letters')).toEqual(['2', '2', '2'])
  })

  it('gives a letter up, and replays the others once the table takes them', async () => {
    const [first] = (await shown.letters('notes')).items
    expect(await shown.discard('notes', { ids: [first?.id ?? ''] })).toEqual({ letters: 1, discarded: 1 })
    await mariadbQuery(M.url, 'alter table notes modify body varchar(20) null')
    expect(await shown.replay('notes', { all: true })).toMatchObject({ done: true, replayed: 2, failed: 0 })
    expect(await inMariadb('select count(*) from notes where body is null')).toEqual(['2'])
    expect(await inMariadb('select state from lockstep_dead_letters order by state')).toEqual([
      'discarded',
      'replayed',
      'replayed',
    ])
  })

  it.each([[{ kind: 'reset-every', everyMs: 20 }], [{ kind: 'hold' }]] as const)(
    'is not ready while a database is %o, and is again afterwards',
    async (fault) => {
      const ready = async () => (await fetch(`${shownAt}/readyz`)).status
      await expect.poll(ready).toBe(200)
      await proxy.set(fault)
      await expect.poll(ready).toBe(503)
      const { problems } = await shown.ready()
      expect(problems.map(({ subject }) => subject).join()).toContain(B.name)
      // Who serves is alive all the while, and answers from the databases that are there.
      expect((await fetch(`${shownAt}/healthz`)).status).toBe(200)
      expect((await shown.letters('notes', { state: ['discarded'] })).items).toHaveLength(1)
      await proxy.set({ kind: 'none' })
      await expect.poll(ready).toBe(200)
    },
  )
})
