import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/core/errors.js'
import type { EmbeddedServer } from '../../src/embedded/server.js'
import { dedicatedServer, testDatabase } from '../support/postgres.js'
import { onBoth, query, someRows, startAfresh, value } from '../support/sql.js'
import { becomeIdentical, type SyncRunOptions, type SyncSides, startSync } from '../support/sync-run.js'

const sides = { a: testDatabase('a').url, b: testDatabase('b').url }
const TWO_COLUMNS = 'create table records (id uuid primary key, value text)'
const count = 'select count(*)::int from records'

/** The `ConfigError` with which the sync refuses to start. */
async function refusal(between: SyncSides, options?: SyncRunOptions): Promise<ConfigError> {
  await using sync = startSync(between, options)
  const error: unknown = await sync.ended.catch((thrown: unknown) => thrown)
  if (!(error instanceof ConfigError)) throw new Error('it was not refused', { cause: error })
  return error
}

describe('tables that cannot be kept the same are refused', () => {
  test('no unique index on the key: the SQL that it prints is the cure', async () => {
    await startAfresh(sides, 'create table records (id uuid not null, value text)')
    const first = await refusal(sides, { key: ['id'] })
    expect(first.message).toContain('no unique index on the key (id)')
    await onBoth(sides, first.fix)
    await query(sides.a, someRows('a', 5))
    await using sync = startSync(sides, { key: ['id'] })
    await sync.compared()
    await becomeIdentical(sides)
    expect(await value(sides.b, count)).toBe(5)
  })

  test('no key at all, and a key that may be NULL', async () => {
    await startAfresh(sides, 'create table records (id uuid, value text)')
    expect((await refusal(sides)).message).toMatch(/no primary key and no unique index/)
    await onBoth(sides, 'create unique index on records (id)')
    const nullable = await refusal(sides, { key: ['id'] })
    expect(nullable.message).toContain('key column id may be NULL')
    expect(nullable.fix).toContain('SET NOT NULL')
  })

  test('columns that differ are named, with their sides', async () => {
    await startAfresh(sides, TWO_COLUMNS)
    await query(sides.a, 'alter table records add column left_only int')
    await query(sides.b, 'alter table records add column right_only int')
    const { message, code } = await refusal(sides)
    expect(code).toBe('tables-not-comparable')
    expect(message).toContain('column left_only is only on the left; column right_only is only on the right')
  })

  test('a type that differs is named, with both', async () => {
    await startAfresh(sides, 'select 1')
    await query(sides.a, 'create table records (id uuid primary key, amount numeric(12,2))')
    await query(sides.b, 'create table records (id uuid primary key, amount double precision)')
    const { message } = await refusal(sides)
    expect(message).toMatch(/column amount is numeric\(12,2\) left and double precision right/)
  })

  test.each([
    { kind: 'a view', create: 'create view records as select 1 as id', says: /this is a view/ },
    {
      kind: 'a partitioned table',
      create: 'create table records (id int primary key) partition by range (id)',
      says: /partition/,
    },
    { kind: 'no table', create: 'select 1', says: /there is no such table/ },
  ])('$kind', async ({ create, says }) => {
    await startAfresh(sides, create)
    const error = await refusal(sides)
    expect(error.message).toMatch(says)
    expect(error.fix).not.toBe('')
  })

  test('one database given twice, also by two addresses of one server', async () => {
    await startAfresh(sides, TWO_COLUMNS)
    const same = await refusal({ a: sides.a, b: sides.a })
    expect([same.code, same.message]).toEqual(['same-database', expect.stringContaining('one and the same table')])
    const byName = await refusal({ a: sides.a, b: sides.a.replace('127.0.0.1', 'localhost') })
    expect(byName.code).toBe('same-database')
    expect(byName.message).toContain('localhost')
  })
})

test('a column that the server cannot hash is compared as text', async () => {
  await startAfresh(sides, 'create table records (id int primary key, document json, shape point, odd xid)')
  await query(
    sides.a,
    `insert into records select n, ('{"b": 1, "a":  [' || n || ']}')::json, point(n, 1.5) from generate_series(1, 50) n`,
  )
  await onBoth(sides, `insert into records values (100, '{"a":1}', '(1,2)', '7')`)
  await using sync = startSync(sides)
  expect(await sync.compared()).toMatchObject({ verdict: 'same', figures: { toRight: 50 } })
  await query(sides.b, `insert into records values (0, ' [ ] ', null)`)
  await expect.poll(() => value(sides.a, count)).toBe(52)
  await becomeIdentical(sides)
})

describe('a row that only one side accepts', () => {
  beforeEach(() => startAfresh(sides, TWO_COLUMNS))
  const poison = `insert into records values ('00000000-0000-0000-0000-000000000bad', 'poison "quoted"')`
  const letters = `select * from lockstep.dead_letters`

  test('becomes a dead letter with key, payload and code; the rest flows', async () => {
    await query(sides.b, `alter table records add check (value not like 'poison%')`)
    await using sync = startSync(sides)
    await sync.compared()
    await query(sides.a, `begin; ${someRows('a', 300)}; ${poison}; ${someRows('b', 300)}; commit`)
    await expect.poll(() => value(sides.b, count)).toBe(600)
    await query(sides.a, someRows('c', 10))
    await query(sides.b, someRows('d', 10))
    await expect.poll(() => Promise.all([value(sides.a, count), value(sides.b, count)])).toEqual([621, 620])
    const [letter, ...more] = await query<Record<string, unknown>>(sides.b, letters)
    expect(more).toEqual([])
    expect(letter).toMatchObject({ flow: 'mirror', stage: 'write', code: 'check-violation' })
    expect(JSON.stringify(letter)).toContain('0bad')
    expect(JSON.stringify(letter?.['payload'])).toContain('poison')
    expect(sync.of('dead-letters')[0]).toMatchObject({ count: 1, code: 'check-violation' })
    expect(JSON.stringify(sync.of('dead-letters'))).not.toContain('poison')
  })

  test('the comparison does not call that the same', async () => {
    await query(sides.b, `alter table records add check (value not like 'poison%')`)
    // An empty side would be filled before it is compared.
    await onBoth(sides, someRows('both', 1))
    await query(sides.a, `${someRows('a', 100)}; ${poison}`)
    await using sync = startSync(sides)
    expect(await sync.compared()).toMatchObject({ verdict: 'different', figures: { refused: 1, toRight: 100 } })
    expect(await query(sides.b, letters)).toHaveLength(1)
    expect(await value(sides.b, count)).toBe(101)
  })

  test('a unique column of which both sides have the value with different keys', async () => {
    await onBoth(sides, 'alter table records add unique (value)')
    await query(sides.b, `insert into records values ('00000000-0000-0000-0000-000000000001', 'taken')`)
    await query(
      sides.a,
      `insert into records values ('00000000-0000-0000-0000-000000000002', 'taken'); ${someRows('a', 30)}`,
    )
    await using sync = startSync(sides)
    expect((await sync.compared()).verdict).toBe('different')
    await query(sides.b, someRows('b', 30))
    await expect.poll(() => Promise.all([value(sides.a, count), value(sides.b, count)])).toEqual([61, 61])
    const codes = [...(await query(sides.b, letters)), ...(await query(sides.a, letters).catch(() => []))]
    expect(codes.map((letter) => letter['code'])).toEqual(['unique-violation', 'unique-violation'])
  })
})

describe('a server that cannot be reached', () => {
  async function withServer(work: (server: EmbeddedServer, between: SyncSides) => Promise<void>): Promise<void> {
    await using server = await dedicatedServer()
    const between = { a: sides.a, b: server.url() }
    await startAfresh(between, TWO_COLUMNS)
    await work(server, between)
  }

  test('at the start: waits with red health, and begins once it is there', () =>
    withServer(async (server, between) => {
      await query(between.a, someRows('a', 50))
      await server.stop()
      await using sync = startSync(between)
      await expect
        .poll(() => sync.of('health'))
        .toMatchObject([{ healthy: false, subject: expect.stringContaining('127.0.0.1') }])
      expect(sync.of('retry').length).toBeGreaterThan(0)
      await server.start()
      await sync.compared()
      await becomeIdentical(between)
      expect(sync.of('health').at(-1)).toMatchObject({ healthy: true })
    }))

  test('later: waits with red health, and what was written meanwhile arrives', () =>
    withServer(async (server, between) => {
      await using sync = startSync(between)
      await sync.compared()
      await query(between.b, someRows('b', 50))
      await becomeIdentical(between)
      await server.kill()
      await query(between.a, someRows('a', 500))
      await expect.poll(() => sync.of('health').at(-1)?.healthy).toBe(false)
      await server.start()
      await becomeIdentical(between)
      expect(await value(between.b, count)).toBe(550)
      await expect.poll(() => sync.of('health').at(-1)?.healthy).toBe(true)
      expect(sync.of('dead-letters')).toEqual([])
    }))

  test('a wrong password: waits, says so without the password, and goes on once it is right', () =>
    withServer(async (server, between) => {
      await query(between.b, `create role app login superuser password 'other'`)
      const file = join(server.dataFolder, 'pg_hba.conf')
      await writeFile(file, `host all app all scram-sha-256\n${await readFile(file, 'utf8')}`)
      await query(between.b, 'select pg_reload_conf()')
      const secret = 'canary-7f3a'
      const url = new URL(between.b)
      Object.assign(url, { username: 'app', password: secret })
      await using sync = startSync({ a: between.a, b: url.href })
      await expect.poll(() => sync.of('retry').length).toBeGreaterThan(1)
      expect(sync.of('health')).toMatchObject([{ healthy: false, reason: expect.stringContaining('password') }])
      const told = JSON.stringify([
        sync.of('health'),
        sync.of('retry').map(({ error }) => [error.message, error.stack]),
      ])
      expect(told).not.toContain(secret)
      await query(between.a, someRows('a', 20))
      await query(between.b, `alter role app password '${secret}'`)
      await sync.compared()
      await becomeIdentical(between)
      expect(await value(between.b, count)).toBe(20)
    }))
})
