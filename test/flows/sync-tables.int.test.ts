import { describe, expect, test } from 'vitest'
import { TYPE_CASES, TYPE_SETUP } from '../adapters/postgres/type-matrix.js'
import { plainClient, testDatabase } from '../support/postgres.js'
import { onBoth, query, startAfresh, value } from '../support/sql.js'
import { becomeIdentical, startSync } from '../support/sync-run.js'

const sides = { a: testDatabase('a').url, b: testDatabase('b').url }

const number = (url: string): Promise<unknown> => value(url, 'select count(*)::int from records')

describe('sync keeps the same', () => {
  test('a wide table with every column type', async () => {
    const cases = TYPE_CASES.filter(({ needs }) => needs === undefined)
    const columns = cases.map(({ type }, index) => `v${index} ${type}`).join(', ')
    await startAfresh(sides, `${TYPE_SETUP}; create table records (id bigint primary key, ${columns})`)
    const row = (id: number): string => {
      const values = cases.map(({ values }) => values[id % (values.length + 1)] ?? 'null')
      return `insert into records values (${id}, ${values.join(', ')})`
    }
    await query(sides.a, row(0))
    await using sync = startSync(sides)
    await sync.compared()
    const depth = Math.max(...cases.map(({ values }) => values.length))
    for (let id = 1; id <= depth; id++) await query(id % 2 === 0 ? sides.a : sides.b, row(id))
    await expect.poll(() => Promise.all([number(sides.a), number(sides.b)])).toEqual([depth + 1, depth + 1])
    await becomeIdentical(sides)
    expect(sync.of('dead-letters')).toEqual([])
  })

  test('a composite key, of which a part may be equal', async () => {
    await startAfresh(
      sides,
      'create table records (tenant text, day date, seq smallint, value text, primary key (tenant, day, seq))',
    )
    const rows = (from: number): string => `insert into records
      select 't' || n % 3, '2024-02-28'::date + n % 7, n, 'é ' || n from generate_series(${from}, ${from + 299}) n`
    await query(sides.a, rows(0))
    await using sync = startSync(sides)
    await sync.compared()
    await Promise.all([query(sides.a, rows(1_000)), query(sides.b, rows(2_000))])
    await expect.poll(() => Promise.all([number(sides.a), number(sides.b)])).toEqual([900, 900])
    await becomeIdentical(sides)
  })

  test('columns that lie in another order, and a column that is ignored', async () => {
    await startAfresh(sides, 'select 1')
    await query(sides.a, 'create table records (id bigint primary key, first text, second text, mine int)')
    await query(sides.b, 'create table records (second text, mine int, first text, gone int, id bigint primary key)')
    await query(sides.b, 'alter table records drop column gone')
    await onBoth(sides, 'create view plain as select id, first, second from records')
    await query(sides.a, `insert into records values (1, 'one', 'eins', 7)`)
    await using sync = startSync(sides, { ignore: ['mine'] })
    await sync.compared()
    await query(sides.a, `insert into records values (2, 'two', 'zwei', 8)`)
    await query(sides.b, `insert into records (id, first, second) values (3, 'three', null), (4, null, 'vier')`)
    await expect.poll(() => Promise.all([number(sides.a), number(sides.b)])).toEqual([4, 4])
    await becomeIdentical(sides, { table: 'plain' })
    expect(await query(sides.b, 'select first, second from records where id = 2')).toEqual([
      { first: 'two', second: 'zwei' },
    ])
  })

  test('ids of a sequence that each session takes fifty of, and old ids that come late', async () => {
    await startAfresh(
      sides,
      `create sequence ids cache 50;
       create table records (id bigint primary key default nextval('ids'), value text)`,
    )
    await query(sides.b, `alter sequence ids restart 1000000`)
    await using sync = startSync(sides)
    await sync.compared()
    for (const url of [sides.a, sides.b]) {
      await using one = await plainClient(url)
      await using other = await plainClient(url)
      await other.query('begin')
      for (let turn = 0; turn < 3; turn++) {
        await other.query(`insert into records (value) values ('late')`)
        await one.query(`insert into records (value) values ('early')`)
      }
      await expect.poll(() => number(url === sides.a ? sides.b : sides.a)).toBe(url === sides.a ? 3 : 10)
      await other.query('commit')
      await one.query(`insert into records values (-${url === sides.a ? 1 : 2}, 'old')`)
    }
    await expect.poll(() => Promise.all([number(sides.a), number(sides.b)])).toEqual([14, 14])
    await becomeIdentical(sides)
  })

  test('generated and identity columns', async () => {
    await startAfresh(
      sides,
      `create table records (id bigint generated always as identity primary key, net numeric(12,2) not null,
         gross numeric generated always as (net * 1.19) stored, at timestamptz(6) default clock_timestamp())`,
    )
    await query(sides.b, 'alter table records alter column id restart with 1000')
    await query(sides.a, 'insert into records (net) values (1.10), (2.20)')
    await using sync = startSync(sides)
    await sync.compared()
    await query(sides.b, 'insert into records (net) select n from generate_series(1, 50) n')
    await query(sides.a, 'insert into records (net) select n from generate_series(1, 50) n')
    await expect.poll(() => Promise.all([number(sides.a), number(sides.b)])).toEqual([102, 102])
    await becomeIdentical(sides)
    expect(await value(sides.b, 'select gross from records where id = 1')).toBe('1.3090')
  })

  test('a Drizzle name with capitals, quotes and a schema of its own', async () => {
    await startAfresh(sides, 'drop schema if exists "My Data" cascade; create schema "My Data"')
    const name = '"My Data"."The ""Records"""'
    await onBoth(sides, `create table ${name} ("Key" uuid primary key, "select" text)`)
    await using sync = startSync(sides, { table: name })
    await sync.compared()
    await query(sides.a, `insert into ${name} values (gen_random_uuid(), 'x')`)
    await expect.poll(() => value(sides.b, `select count(*)::int from ${name}`)).toBe(1)
    await becomeIdentical(sides, { table: name })
  })
})
