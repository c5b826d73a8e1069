import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeTable, type PostgresTableInfo } from '../../../src/adapters/postgres/catalog.js'
import { type PostgresDatabase, postgres } from '../../../src/adapters/postgres/index.js'
import { PostgresTable } from '../../../src/adapters/postgres/table.js'
import { rowWriter } from '../../../src/adapters/postgres/writer.js'
import type { Batch } from '../../../src/core/batch.js'
import { armFailpoint } from '../../../src/core/failpoint.js'
import type { ConflictRule } from '../../../src/core/mirror.js'
import type { Sink, WriteContext } from '../../../src/core/sink.js'
import type { Row } from '../../../src/core/table.js'
import { COMMIT } from '../../support/fault.js'
import { startFaultProxy } from '../../support/fault-proxy.js'
import { dedicatedServer, type PlainClient, plainClient, testDatabase } from '../../support/postgres.js'

const signal = AbortSignal.timeout(60_000)
const context: WriteContext = { flow: 'mirror', attempt: 1, expected: undefined, signal }
const batchOf = (items: readonly Row[], position?: string): Batch<Row> => ({ lane: 'tail', position, items })

/** A writer and what it told. */
interface Subject extends AsyncDisposable {
  readonly sink: Sink<Row>
  readonly wrote: string[]
  readonly told: [number, string][]
}

function open(database: PostgresDatabase, info: PostgresTableInfo, rule: ConflictRule): Subject {
  const wrote: string[] = []
  const told: [number, string][] = []
  const sink = rowWriter(database, info, {
    flow: 'mirror',
    rule,
    wrote: (transaction) => wrote.push(transaction),
    conflicts: (count, decision) => told.push([count, decision]),
  })
  return { sink, wrote, told, [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose]() }
}

const infoOf = (database: PostgresDatabase, table: string, version?: string): Promise<PostgresTableInfo> =>
  describeTable(
    database.session,
    { table, name: table, database: database.label, options: version === undefined ? {} : { version } },
    signal,
  )

const contents = async (oracle: PlainClient, table = 'records'): Promise<unknown[][]> =>
  (await oracle.query<unknown[]>({ text: `select * from ${table} order by 1`, rowMode: 'array' })).rows

const recorded = async (oracle: PlainClient): Promise<unknown[][]> =>
  (
    await oracle.query<unknown[]>({
      text: 'select decision, key, incoming, existing, times from lockstep.conflicts order by key::text, incoming::text',
      rowMode: 'array',
    })
  ).rows

describe('rowWriter', () => {
  const { url } = testDatabase('a')

  beforeAll(async () => {
    await using oracle = await plainClient(url)
    await oracle.query(`
      create table records (id int primary key, body text, at int);
      create table strict (id int primary key, word text unique, n int not null check (n > 0));
      create table parents (id int primary key);
      create table children (id int primary key, parent int references parents deferrable initially deferred);
      create table counted (id bigint generated always as identity primary key, doubled bigint generated always as (id * 2) stored, word text default 'x');
      create table keys_only (id numeric primary key);
      create table composite_key ("a b" text, n int, body json, primary key ("a b", n))`)
    await using database = postgres(url)
    await database.state.prepare(signal)
  })

  beforeEach(async () => {
    await using oracle = await plainClient(url)
    await oracle.query(
      'truncate records, strict, children, parents, counted, keys_only, composite_key, lockstep.conflicts, lockstep.checkpoints',
    )
  })

  it('inserts, and tells its transaction before the commit', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    await using subject = open(database, await infoOf(database, 'records'), 'keep-both')
    let visible: unknown[][] = []
    const disarm = armFailpoint('writer:before-commit', () => {
      expect(subject.wrote).toHaveLength(1)
    })
    await subject.sink.write(
      batchOf([
        ['1', 'one', null],
        ['2', null, '2'],
      ]),
      context,
    )
    disarm()
    visible = await contents(oracle)
    expect(visible).toEqual([
      [1, 'one', null],
      [2, null, 2],
    ])
    const { rows } = await oracle.query('select distinct xmin::text from records')
    expect(rows).toEqual([{ xmin: subject.wrote[0] }])
    expect(subject.told).toEqual([])
  })

  it('changes nothing when a batch comes again', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    await using subject = open(database, await infoOf(database, 'records'), 'keep-both')
    const batch = batchOf([
      ['1', 'one', null],
      ['2', null, '2'],
    ])
    await subject.sink.write(batch, context)
    const before = await oracle.query('select xmin, * from records order by id')
    await subject.sink.write(batch, context)
    expect((await oracle.query('select xmin, * from records order by id')).rows).toEqual(before.rows)
    expect(await recorded(oracle)).toEqual([])
  })

  const conflicting = batchOf([
    ['1', 'incoming', '5'],
    ['2', 'incoming', '5'],
    ['3', 'new', '1'],
    ['4', 'same', '1'],
  ])
  const existing = `insert into records values (1, 'here', 4), (2, 'here', 6), (4, 'same', 1)`

  it.each([
    { rule: 'keep-both' as const, stored: ['here', 'here'], decision: 'kept-both' },
    { rule: 'keep-existing' as const, stored: ['here', 'here'], decision: 'kept-existing' },
    { rule: 'take-incoming' as const, stored: ['incoming', 'incoming'], decision: 'took-incoming' },
  ])('$rule: records each conflict once', async ({ rule, stored, decision }) => {
    await using oracle = await plainClient(url)
    await oracle.query(existing)
    await using database = postgres(url)
    await using subject = open(database, await infoOf(database, 'records'), rule)
    await subject.sink.write(conflicting, context)
    await subject.sink.write(conflicting, context)
    const rows = await contents(oracle)
    expect(rows.map((row) => row[1])).toEqual([...stored, 'new', 'same'])
    expect((await recorded(oracle)).map((row) => row.slice(0, 4))).toEqual([
      [decision, ['1'], ['1', 'incoming', '5'], ['1', 'here', '4']],
      [decision, ['2'], ['2', 'incoming', '5'], ['2', 'here', '6']],
    ])
    expect(subject.told[0]).toEqual([2, decision])
  })

  it('newest: takes the greater version, records what loses, keeps both when neither is newer', async () => {
    await using oracle = await plainClient(url)
    await oracle.query(`insert into records values
      (1, 'older', 4), (2, 'newer', 6), (3, 'equal', 5), (4, 'unversioned', null), (5, 'versioned', 1), (6, 'no version', null)`)
    await using database = postgres(url)
    await using subject = open(database, await infoOf(database, 'records', 'at'), 'newest')
    const rows = ['1', '2', '3', '4', '5', '6'].map((id) => [id, 'incoming', id < '5' ? '5' : null])
    await subject.sink.write(batchOf(rows), context)
    expect(await contents(oracle)).toEqual([
      [1, 'incoming', 5],
      [2, 'newer', 6],
      [3, 'equal', 5],
      [4, 'incoming', 5],
      [5, 'versioned', 1],
      [6, 'no version', null],
    ])
    expect((await recorded(oracle)).map(([decision, key]) => [decision, key])).toEqual([
      ['kept-existing', ['2']],
      ['kept-both', ['3']],
      ['kept-existing', ['5']],
      ['kept-both', ['6']],
    ])
    expect(subject.told).toEqual(
      expect.arrayContaining([
        [2, 'kept-existing'],
        [2, 'kept-both'],
      ]),
    )
  })

  it('newest: a state that its own side has replaced is no conflict, whatever the order of arrival', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    await using subject = open(database, await infoOf(database, 'records', 'at'), 'newest')
    await subject.sink.write(batchOf([['1', 'second', '2']]), context)
    await subject.sink.write(batchOf([['1', 'first', '1']]), context)
    await subject.sink.write(batchOf([['1', 'third', '3']]), context)
    expect(await contents(oracle)).toEqual([[1, 'third', 3]])
    expect(await recorded(oracle)).toEqual([])
  })

  it('newest: writers of one table know what the others wrote', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    const table = await database.table('records', { version: 'at' }).open(signal)
    if (!(table instanceof PostgresTable)) return expect.fail('another table')
    const options = { flow: 'mirror', rule: 'newest', conflicts: () => expect.fail('a conflict') } as const
    await using tail = table.writer(options)
    await using sweep = table.writer(options)
    await tail.write(batchOf([['1', 'second', '2']]), context)
    await sweep.write(batchOf([['1', 'first', '1']]), context)
    expect(await contents(oracle)).toEqual([[1, 'second', 2]])
  })

  it.each(['keep-both', 'keep-existing', 'take-incoming', 'newest'] as const)(
    '%s: a key that comes twice in a batch ends as its last state, and is no conflict',
    async (rule) => {
      await using oracle = await plainClient(url)
      await using database = postgres(url)
      await using subject = open(database, await infoOf(database, 'records', 'at'), rule)
      const twice: Row[] = [
        ['1', 'first', '1'],
        ['2', 'once', '1'],
        ['1', 'second', '2'],
        ['3', 'same', '1'],
        ['3', 'same', '1'],
      ]
      await subject.sink.write(batchOf(twice), context)
      expect(await contents(oracle)).toEqual([
        [1, 'second', 2],
        [2, 'once', 1],
        [3, 'same', 1],
      ])
      expect(await recorded(oracle)).toEqual([])
      expect(subject.told).toEqual([])
    },
  )

  it.each([
    ['another unique index', 'unique-violation', ['3', 'taken', '1']],
    ['a CHECK', 'check-violation', ['3', 'a', '0']],
    ['NOT NULL', 'not-null-violation', ['3', 'a', null]],
    ['a type', 'invalid-text-form', ['3', 'a', 'many']],
  ])('throws DataError and stores nothing when %s refuses a row', async (_, code, bad) => {
    await using oracle = await plainClient(url)
    await oracle.query(`insert into strict values (1, 'taken', 1)`)
    await using database = postgres(url)
    await using subject = open(database, await infoOf(database, 'strict'), 'keep-both')
    const batch = batchOf([['2', 'fine', '1'], bad])
    await expect(subject.sink.write(batch, context)).rejects.toMatchObject({ name: 'DataError', code })
    await expect(subject.sink.probe?.(batch.items, context)).rejects.toMatchObject({ name: 'DataError', code })
    await subject.sink.probe?.([['2', 'fine', '1']], context)
    expect(await contents(oracle, 'strict')).toEqual([[1, 'taken', 1]])
    expect(subject.wrote.length).toBeLessThanOrEqual(1)
  })

  it('throws DataError for what is refused at COMMIT, and finds it when probing', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    await using subject = open(database, await infoOf(database, 'children'), 'keep-both')
    const orphan: Row[] = [['1', '7']]
    const refused = { name: 'DataError', code: 'foreign-key-violation' }
    await expect(subject.sink.write(batchOf(orphan), context)).rejects.toMatchObject(refused)
    await expect(subject.sink.probe?.(orphan, context)).rejects.toMatchObject(refused)
    await subject.sink.write(batchOf([['1', null]]), context)
    expect(await contents(oracle, 'children')).toEqual([[1, null]])
  })

  it('writes identity columns, leaves generated ones out, and takes equal keys in another form for a conflict', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    const info = await infoOf(database, 'counted')
    expect(info.schema.columns.map(({ name }) => name)).toEqual(['id', 'word'])
    await using counted = open(database, info, 'take-incoming')
    await counted.sink.write(batchOf([['9007199254740993', 'a']]), context)
    await counted.sink.write(batchOf([['9007199254740993', 'b']]), context)
    expect(await contents(oracle, 'counted')).toEqual([['9007199254740993', '18014398509481986', 'b']])
    await using keys = open(database, await infoOf(database, 'keys_only'), 'keep-both')
    await keys.sink.write(batchOf([['1.0'], ['2']]), context)
    await keys.sink.write(batchOf([['1.00'], ['2']]), context)
    expect(await recorded(oracle)).toEqual([['kept-both', ['1.0'], ['1.00'], ['1.0'], '1']])
  })

  it('takes composite keys, odd names and json', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    await using subject = open(database, await infoOf(database, 'composite_key'), 'take-incoming')
    await subject.sink.write(
      batchOf([
        ['a', '1', '{"x":1}'],
        ['a', '2', 'null'],
      ]),
      context,
    )
    await subject.sink.write(
      batchOf([
        ['a', '1', '{"x": 1}'],
        ['a', '2', 'null'],
      ]),
      context,
    )
    const { rows } = await oracle.query('select body::text as body from composite_key order by n')
    expect(rows).toEqual([{ body: '{"x": 1}' }, { body: 'null' }])
  })

  it('saves the position with the rows, and neither when another instance moved it', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    await using subject = open(database, await infoOf(database, 'records'), 'keep-both')
    await subject.sink.write(batchOf([['1', 'one', null]], 'p1'), context)
    expect(await subject.sink.checkpoints?.load('mirror')).toEqual(new Map([['tail', 'p1']]))
    const behind = subject.sink.write(batchOf([['2', 'two', null]], 'p2'), { ...context, expected: 'p0' })
    await expect(behind).rejects.toMatchObject({ name: 'ConflictError' })
    expect(await contents(oracle)).toHaveLength(1)
    await subject.sink.write(batchOf([], 'p2'), { ...context, expected: 'p1' })
    expect(await subject.sink.checkpoints?.load('mirror')).toEqual(new Map([['tail', 'p2']]))
  })

  it('two writers of the same rows in opposite order end with each row once', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    const info = await infoOf(database, 'records')
    await using left = open(database, info, 'keep-both')
    await using right = open(database, info, 'keep-both')
    const rows = Array.from({ length: 5_000 }, (_, index) => [String(index), 'x', null])
    const chunks = Array.from({ length: 25 }, (_, index) => rows.slice(index * 200, (index + 1) * 200))
    const writeAll = async ({ sink }: Subject, parts: readonly Row[][]): Promise<void> => {
      for (const part of parts) await vi.waitFor(() => sink.write(batchOf(part), context), { timeout: 20_000 })
    }
    await Promise.all([
      writeAll(left, chunks),
      writeAll(
        right,
        chunks.map((chunk) => chunk.toReversed()),
      ),
    ])
    expect((await oracle.query('select count(*)::int as n from records')).rows).toEqual([{ n: 5_000 }])
    expect(await recorded(oracle)).toEqual([])
  })
})

describe('rowWriter and a COMMIT without an answer', () => {
  const { url } = testDatabase('a')

  it.each(['before', 'after'] as const)(
    'cut %s the server did it: the same batch again makes it whole',
    async (when) => {
      await using oracle = await plainClient(url)
      await oracle.query('drop table if exists records; create table records (id int primary key, body text)')
      await using proxy = await startFaultProxy(url)
      await using database = postgres(proxy.url)
      await database.state.prepare(signal)
      const info = await infoOf(database, 'records')
      await using subject = open(database, info, 'keep-both')
      await oracle.query('truncate lockstep.checkpoints')
      await proxy.set({ kind: 'cut', when, statement: COMMIT })
      const batch = batchOf(
        [
          ['1', 'a'],
          ['2', 'b'],
        ],
        'p1',
      )
      const refused = { name: 'UnavailableError', code: 'commit-unknown' }
      await expect(subject.sink.write(batch, context)).rejects.toMatchObject(refused)
      const done = when === 'after'
      // The backend of the connection that was cut may still be at its COMMIT.
      await expect.poll(() => contents(oracle)).toHaveLength(done ? 2 : 0)
      const again = subject.sink.write(batch, { ...context, attempt: 2 })
      // With its position saved, the batch is known to be stored: the engine loads checkpoints and goes on behind it.
      if (done) await expect(again).rejects.toMatchObject({ name: 'ConflictError' })
      else await again
      expect(await contents(oracle)).toEqual([
        [1, 'a'],
        [2, 'b'],
      ])
      expect(await subject.sink.checkpoints?.load('mirror')).toEqual(new Map([['tail', 'p1']]))
      expect(subject.told).toEqual([])
    },
  )
})

describe('rowWriter and a server that dies', () => {
  it('stores a batch whole or not at all, and goes on when the server is back', async () => {
    await using server = await dedicatedServer()
    await using database = postgres(server.url())
    {
      await using oracle = await plainClient(server.url())
      await oracle.query('create table records (id int primary key, body text)')
    }
    await database.state.prepare(signal)
    await using subject = open(database, await infoOf(database, 'records'), 'keep-both')
    const chunk = (index: number): Row[] =>
      Array.from({ length: 100 }, (_, row) => [String(index * 100 + row), String(index)])
    let killing: Promise<void> | undefined
    let acknowledged = 0
    const disarm = armFailpoint('writer:before-commit', () => {
      if (acknowledged === 20) killing ??= server.kill()
    })
    const write = async (): Promise<void> => {
      for (; acknowledged < 100_000; acknowledged++) await subject.sink.write(batchOf(chunk(acknowledged)), context)
    }
    await expect(write()).rejects.toMatchObject({ name: 'UnavailableError' })
    disarm()
    await killing
    await server.start()
    await using oracle = await plainClient(server.url())
    const { rows } = await oracle.query(
      'select body::int as chunk, count(*)::int as n from records group by 1 order by 1',
    )
    expect(rows.every(({ n }) => n === 100)).toBe(true)
    // The one whose COMMIT had no answer may be there.
    expect([acknowledged, acknowledged + 1]).toContain(rows.length)
    await vi.waitFor(() => subject.sink.write(batchOf(chunk(acknowledged)), context), { timeout: 20_000 })
    const total = await oracle.query('select count(*)::int as n, count(distinct id)::int as ids from records')
    expect(total.rows).toEqual([{ n: (acknowledged + 1) * 100, ids: (acknowledged + 1) * 100 }])
  })
})
