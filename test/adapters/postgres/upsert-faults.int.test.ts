import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { ConfigError } from '../../../src/core/errors.js'
import { armFailpoint } from '../../../src/core/failpoint.js'
import { badItems, batch, context, FLOW, rowsets, write } from '../../contracts/upsert-subject.js'
import { COMMIT } from '../../support/fault.js'
import { startFaultProxy } from '../../support/fault-proxy.js'
import { type PlainClient, plainClient, testDatabase } from '../../support/postgres.js'

const { url } = testDatabase()
const { signal } = new AbortController()

async function afresh(sql: string): Promise<PlainClient> {
  const client = await plainClient(url)
  await client.query('drop schema if exists lockstep cascade; drop schema public cascade; create schema public')
  await client.query(sql)
  return client
}

async function contents(client: PlainClient, table = 'items'): Promise<unknown[]> {
  const { rows } = await client.query({ text: `select * from ${table} order by 1`, rowMode: 'array' })
  return rows
}

describe('an upsert whose COMMIT has no answer', () => {
  it.each(['before', 'after'] as const)(
    'cut %s the server did it: the same batch again makes it whole',
    async (when) => {
      await using client = await afresh('create table items (id int primary key, a text)')
      await using proxy = await startFaultProxy(url)
      await using database = postgres(proxy.url)
      await database.state.prepare(signal)
      await using sink = await database.upserts([database.table('items')], { flow: FLOW }, signal)
      await proxy.set({ kind: 'cut', when, statement: COMMIT })
      const items = rowsets({ id: 1, a: 'a' }, { id: 2, a: 'b' })
      const lost = sink.write(batch(items, 'p1'), context())
      await expect(lost).rejects.toMatchObject({ name: 'UnavailableError', code: 'commit-unknown' })
      await expect.poll(() => contents(client)).toHaveLength(when === 'after' ? 2 : 0)
      const again = sink.write(batch(items, 'p1'), context({ attempt: 2 }))
      if (when === 'after') await expect(again).rejects.toMatchObject({ name: 'ConflictError' })
      else await again
      expect(await contents(client)).toEqual([
        [1, 'a'],
        [2, 'b'],
      ])
      expect(await sink.checkpoints.load(FLOW)).toEqual(new Map([['a', 'p1']]))
    },
  )

  it.each(['upsert:before-commit', 'upsert:after-commit'])('that fails at %s is whole or not at all', async (name) => {
    await using client = await afresh('create table items (id int primary key, a text)')
    await using database = postgres(url)
    await database.state.prepare(signal)
    await using sink = await database.upserts([database.table('items')], { flow: FLOW }, signal)
    const disarm = armFailpoint(name, () => {
      throw new Error('killed')
    })
    await expect(sink.write(batch(rowsets({ id: 1, a: 'a' }), 'p1'), context())).rejects.toThrow('killed')
    disarm()
    const stored = name === 'upsert:after-commit'
    expect(await contents(client)).toHaveLength(stored ? 1 : 0)
    expect((await sink.checkpoints.load(FLOW)).size).toBe(stored ? 1 : 0)
  })
})

describe('rows that the table refuses', () => {
  it.each([
    ['another unique index', 'unique-violation', { id: 3, a: 'taken' }],
    ['NOT NULL', 'not-null-violation', { id: 3, a: null }],
    ['CHECK', 'check-violation', { id: -3, a: 'c' }],
    ['a length', 'value-too-long', { id: 3, a: 'far too long' }],
    ['a type', 'invalid-text-form', { id: 'three', a: 'c' }],
    ['a constraint that is checked at COMMIT', 'foreign-key-violation', { id: 3, a: 'c', parent: 404 }],
  ])('by %s: exactly these are found', async (_, code, poison) => {
    await using client = await afresh(`create table parents (id int primary key);
      create table items (id int primary key check (id > 0), a varchar(8) not null unique,
        parent int references parents deferrable initially deferred);
      insert into items values (99, 'taken')`)
    await using database = postgres(url)
    await database.state.prepare(signal)
    await using sink = await database.upserts([database.table('items')], { flow: FLOW }, signal)
    const items = rowsets({ id: 1, a: 'a' }, { id: 2, a: 'b' }, poison, { id: 4, a: 'd' }, { id: 1, a: 'e' })
    expect(await badItems(sink, items, code)).toEqual([2])
    expect(await contents(client)).toEqual([[99, 'taken', null]])
  })
})

describe('lanes that look for refused rows at the same time', () => {
  it('lock rows in one order, so that they do not deadlock', async () => {
    await using client = await afresh('create table items (id int primary key, v int, a text check (a <> $$bad$$))')
    const database = postgres(url)
    const sink = await database.upserts([database.table('items', { version: 'v' })], { flow: FLOW }, signal)
    const deadlocks = async () => {
      const { rows } = await client.query(`select deadlocks from pg_stat_database where datname = current_database()`)
      return rows
    }
    const before = await deadlocks()
    const lanes = [0, 1, 2, 3].map(async (lane) => {
      for (let turn = 1; turn <= 15; turn++) {
        // Every lane has the same keys, each in an order of its own, with a bad row in the middle.
        const rows = Array.from({ length: 61 }, (_, at) => {
          const id = (at * (7 + 2 * lane) + turn) % 61
          return { id, v: turn * 4 + lane, a: at === 30 ? 'bad' : 'good' }
        })
        const refused = await sink.write(batch(rowsets(...rows), undefined), context()).catch((error: unknown) => error)
        expect(refused).toMatchObject({ name: 'DataError', bad: [30] })
      }
    })
    await Promise.all(lanes)
    // Sessions tell what they counted when they end.
    await database[Symbol.asyncDispose]()
    const ours = `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
      and backend_type = 'client backend'`
    await expect.poll(async () => (await client.query(ours)).rows).toEqual([])
    expect(await deadlocks()).toEqual(before)
  })
})

describe('a table that changes while it is written', () => {
  const items = pgTable('items', { id: integer().primaryKey(), a: text() })
  let client: PlainClient

  beforeEach(async () => {
    client = await afresh('create table items (id int primary key, a text)')
    return () => client.end()
  })

  it('goes on with columns that are new, wider or of another type', async () => {
    await using database = postgres(url)
    await using named = await database.upserts([database.table('items')], { flow: FLOW }, signal)
    await using declared = await database.upserts([database.table(items)], { flow: FLOW }, signal)
    await write(named, { id: 1, a: 'a' })
    await client.query(`alter table items add b text default 'b', alter id type bigint`)
    await write(named, { id: 2, a: 'a', b: 'x' })
    await write(named, { id: 2n ** 40n, a: 'far' })
    await client.query(`alter table items alter a type jsonb using to_jsonb(a)`)
    await write(named, { id: 3, a: { json: true } })
    await client.query('alter table items alter a type text using a::text')
    await write(declared, { id: 4, a: 'declared' })
    expect((await contents(client)).slice(2)).toEqual([
      ['3', '{"json": true}', 'b'],
      ['4', 'declared', 'b'],
      [String(2n ** 40n), '"far"', 'b'],
    ])
  })

  it('stops when a column that is declared is gone', async () => {
    await using database = postgres(url)
    await using sink = await database.upserts([database.table(items)], { flow: FLOW }, signal)
    await write(sink, { id: 1, a: 'a' })
    await client.query('alter table items rename a to renamed')
    await expect(write(sink, { id: 2, a: 'b' })).rejects.toBeInstanceOf(ConfigError)
    expect(await contents(client)).toEqual([[1, 'a']])
  })
})

describe('tables that cannot be upserted', () => {
  it('are refused at the start, with the cure', async () => {
    await using _client = await afresh(`create table bare (id int);
      create table one (id int primary key, other int); create table other (id int primary key references one);
      alter table one add foreign key (other) references other`)
    await using database = postgres(url)
    await using elsewhere = postgres(url)
    const open = (tables: Parameters<typeof database.upserts>[0]) => database.upserts(tables, { flow: FLOW }, signal)
    await expect(open([database.table('bare', { key: ['id'] })])).rejects.toMatchObject({ code: 'key-not-unique' })
    await expect(open([database.table('gone')])).rejects.toMatchObject({ code: 'table-missing' })
    await expect(open([elsewhere.table('one')])).rejects.toMatchObject({ code: 'table-elsewhere' })
    await expect(open([database.table('one'), database.table('other')])).rejects.toMatchObject({
      code: 'foreign-key-cycle',
    })
  })
})

describe('keys that are one to the server and two to us', () => {
  it('are made distinct by the server', async () => {
    await using client = await afresh('create table items (id numeric primary key, v int, a text)')
    await using database = postgres(url)
    await using sink = await database.upserts([database.table('items', { version: 'v' })], { flow: FLOW }, signal)
    await write(sink, { id: '1.0', v: 1, a: 'old' }, { id: '1.00', v: 3, a: 'new' }, { id: 1, v: 2, a: 'middle' })
    expect(await contents(client)).toEqual([['1.00', 3, 'new']])
  })
})

describe('identity columns', () => {
  it('are given, even when they are GENERATED ALWAYS, and left out where they are not the key', async () => {
    await using client = await afresh(`create table items (id int generated always as identity primary key, a text);
      create table numbered (key text primary key, n int generated always as identity, twice int generated always as (length(key)) stored)`)
    await using database = postgres(url)
    await using sink = await database.upserts(
      [database.table('items'), database.table('numbered')],
      { flow: FLOW },
      signal,
    )
    const rows = [
      [
        { id: 7, a: 'a' },
        { id: 7, a: 'b' },
      ],
      [{ key: 'x' }, { key: 'y', n: 9 }],
    ]
    await sink.write(batch([{ rows }]), context())
    await sink.write(batch([{ rows }]), context())
    expect(await contents(client)).toEqual([[7, 'b']])
    expect(await contents(client, 'numbered')).toEqual([
      ['x', 1, 1],
      ['y', 9, 1],
    ])
    expect(await badItems(sink, [{ rows: [[], [{ key: 'z', twice: 4 }]] }], 'column-unknown')).toEqual([0])
  })
})
