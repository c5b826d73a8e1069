import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { dedicatedServer, FAST_SETTINGS, plainClient, testDatabase } from '../support/postgres.js'
import { onBoth, query, someRows, startAfresh, value } from '../support/sql.js'
import { compared, startSyncProcess } from '../support/sync-process.js'
import { becomeIdentical, startSync } from '../support/sync-run.js'

const sides = { a: testDatabase('a').url, b: testDatabase('b').url }
const PLAIN = 'create table records (id uuid primary key, value text)'
const count = 'select count(*)::int from records'
beforeEach(() => startAfresh(sides, PLAIN))

describe('a full disk on the target', () => {
  // Only root may mount; for others it is shown as skipped, never as passed.
  test.runIf(process.getuid?.() === 0)('a file system without room: waits, no dead letter, goes on', async () => {
    using disk = smallDisk(8)
    await using server = await dedicatedServer({ settings: FAST_SETTINGS })
    const between = { a: sides.a, b: server.url() }
    await query(between.b, `create tablespace small location '${disk.folder}'`)
    await query(between.b, `${PLAIN} tablespace small`)
    await using sync = startSync(between)
    await sync.compared()
    const big = (mark: string, rows: number): string =>
      `insert into records select md5('${mark}' || n)::uuid, repeat(md5(n::text), 30) from generate_series(1, ${rows}) n`
    await query(between.a, big('a', 12_000))
    await expect
      .poll(() => sync.of('health').at(-1))
      .toMatchObject({ healthy: false, reason: expect.stringMatching(/space/i) })
    expect(sync.of('dead-letters')).toEqual([])
    await query(between.b, 'set temp_file_limit = 0; alter table records set tablespace pg_default')
    await becomeIdentical(between)
    expect(await value(between.b, count)).toBe(12_000)
    expect(sync.of('dead-letters')).toEqual([])
    await sync.drain()
    await query(between.b, 'drop table records')
    await query(between.b, 'drop tablespace small')
  })

  test('as the server tells it: waits with red health, no dead letter, goes on', async () => {
    await using sync = startSync(sides)
    await sync.compared()
    await query(
      sides.b,
      `create function full_disk() returns trigger language plpgsql as $$ begin
         raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
       create trigger full_disk before insert on records execute function full_disk()`,
    )
    await query(sides.a, someRows('a', 2_000))
    await expect.poll(() => sync.of('retry').length).toBeGreaterThan(2)
    expect(sync.of('health').at(-1)).toMatchObject({ healthy: false })
    await query(sides.b, 'drop trigger full_disk on records')
    await becomeIdentical(sides)
    expect(await value(sides.b, count)).toBe(2_000)
    expect(sync.of('dead-letters')).toEqual([])
  })
})

/** A file system of its own for the server. */
function smallDisk(megabytes: number): Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0777`, 'tmpfs', folder], { stdio: 'ignore' })
  chownSync(folder, 65534, 65534)
  return {
    folder,
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    },
  }
}

describe('rights', () => {
  const role = `sync_${randomBytes(4).toString('hex')}`
  const as = (url: string): string => url.replace('postgres@', `${role}@`)

  async function grant(): Promise<void> {
    await onBoth(sides, `do $$ begin create role ${role} login; exception when others then null; end $$`)
    await using owner = startSync(sides)
    await owner.compared()
    const lists = await owner.flow.grants(role, AbortSignal.timeout(20_000))
    await query(sides.a, lists[0]?.statements.join('\n') ?? '')
    await query(sides.b, lists[1]?.statements.join('\n') ?? '')
  }

  afterAll(() => onBoth(sides, `drop owned by ${role}; drop role ${role}`))

  test('exactly those that it asks for are enough', async () => {
    await grant()
    await using sync = startSync({ a: as(sides.a), b: as(sides.b) })
    await sync.compared()
    await Promise.all([query(sides.a, someRows('a', 500)), query(sides.b, someRows('b', 500))])
    await becomeIdentical(sides)
    expect(await value(sides.a, count)).toBe(1000)
  })

  test.each(['select', 'insert', 'select, insert'])(
    '%s is taken away and given back: waits, and goes on',
    async (rights) => {
      await grant()
      await using sync = startSync({ a: as(sides.a), b: as(sides.b) })
      await sync.compared()
      await Promise.all([query(sides.a, someRows('a', 10)), query(sides.b, someRows('b', 10))])
      await becomeIdentical(sides)
      await query(sides.b, `revoke ${rights} on records from ${role}`)
      await query(sides.a, someRows('c', 500))
      await query(sides.b, someRows('d', 500))
      await expect.poll(() => sync.of('health').at(-1)?.healthy).toBe(false)
      await query(sides.b, `grant ${rights} on records to ${role}`)
      await becomeIdentical(sides)
      expect(await value(sides.a, count)).toBe(1_020)
      expect(sync.of('dead-letters')).toEqual([])
    },
  )

  test('missing from the start: refused, with what to do', async () => {
    await grant()
    await query(sides.b, `revoke select on records from ${role}`)
    await using sync = startSync({ a: as(sides.a), b: as(sides.b) })
    await expect(sync.ended).rejects.toMatchObject({ code: 'permission-denied', fix: expect.stringContaining('grant') })
  })
})

/** As the guide has it for a container of 256 MB. */
const IN_256_MB = '--max-old-space-size=96 --max-semi-space-size=1'

describe('memory', () => {
  let cli: BuiltCli
  beforeAll(async () => {
    cli = await builtCli()
  })
  afterAll(() => cli[Symbol.asyncDispose]())

  const highestMegabytes = (pid: number | undefined): number =>
    Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

  test.runIf(process.platform === 'linux')(
    'stays below 256 MB with rows of 10 MB and a frozen target',
    { timeout: 300_000 },
    async () => {
      await using target = await dedicatedServer({ settings: FAST_SETTINGS })
      const between = { a: sides.a, b: target.url() }
      await onBoth(between, 'drop table if exists records')
      await onBoth(between, PLAIN)
      await using client = await plainClient(between.a)
      const rows = (from: number, to: number): string => `insert into records
      select md5(n::text)::uuid, (select string_agg(md5(n || '.' || i), '') from generate_series(1, 327680) i)
      from generate_series(${from}, ${to}) n`
      const tool = startSyncProcess(cli, between, { nodeOptions: IN_256_MB })
      await compared(tool)
      await client.query(rows(1, 3))
      await expect.poll(() => value(between.b, count), { timeout: 60_000 }).toBe(3)
      await target.freeze(true)
      for (let turn = 1; turn < 4; turn++) await client.query(rows(turn * 3 + 1, turn * 3 + 3))
      await target.freeze(false)
      await expect.poll(() => value(between.b, count), { timeout: 240_000, interval: 200 }).toBe(12)
      await becomeIdentical(between)
      const highest = highestMegabytes(tool.process.pid)
      tool.process.kill('SIGTERM')
      expect((await tool.ended).code).toBe(0)
      expect(highest).toBeLessThan(256)
    },
  )
})
