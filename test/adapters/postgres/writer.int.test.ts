import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { PostgresTable } from '../../../src/adapters/postgres/table.js'
import { armFailpoint } from '../../../src/core/failpoint.js'
import type { Row } from '../../../src/core/table.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { batchOf, contents, context, infoOf, open, recorded, type Subject, signal } from './writer-subject.js'

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

  it('stores neither rows nor position, nor a repair, once the fence was raised', async () => {
    await using oracle = await plainClient(url)
    await using database = postgres(url)
    const { leases } = database.state
    await leases.raise('mirror', 1)
    await using subject = open(database, await infoOf(database, 'records'), 'keep-both')
    const under = { ...context, epoch: 1 }
    await subject.sink.write(batchOf([['1', 'one', null]], 'p1'), under)
    await subject.sink.write(batchOf([['2', 'two', null]]), under)
    await leases.raise('mirror', 2)
    const fenced = { name: 'FencedError', code: 'fenced', exitCode: 4 }
    for (const [batch, expected] of [
      [batchOf([['3', 'x', null]], 'p2'), 'p1'],
      [batchOf([], 'p2'), 'p1'],
      [batchOf([['3', 'x', null]]), undefined],
    ] as const) {
      await expect(subject.sink.write(batch, { ...under, expected })).rejects.toMatchObject(fenced)
    }
    expect(await contents(oracle)).toHaveLength(2)
    expect(await subject.sink.checkpoints?.load('mirror')).toEqual(new Map([['tail', 'p1']]))
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
