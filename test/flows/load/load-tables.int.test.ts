import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import type { BulkTable } from '../../../src/core/bulk.js'
import { type LoadEvent, type LoadOptions, loadTables } from '../../../src/flows/load/load-tables.js'
import { dedicatedServer, plainClient, testDatabase } from '../../support/postgres.js'

const RECORDS = 'create table records (id uuid primary key, value text not null)'
const signal = AbortSignal.timeout(240_000)
const never = new AbortController().signal

async function bulkOf(database: ReturnType<typeof postgres>, table: string): Promise<BulkTable> {
  const opened = await database.table(table).bulk?.(signal)
  if (opened === undefined) throw new Error('no bulk table')
  return opened
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  await using client = await plainClient(url)
  return (await client.query<Record<string, unknown>>(text)).rows
}

const rowsIn = async (url: string, table = 'records'): Promise<number> =>
  Number((await query(url, `select count(*) from ${table}`))[0]?.['count'])

describe('load', () => {
  const left = testDatabase('a')
  const right = testDatabase('b')
  const a = postgres(left.url)
  const b = postgres(right.url)

  beforeAll(async () => {
    await Promise.all([query(left.url, RECORDS), query(right.url, RECORDS)])
  })
  afterAll(async () => {
    await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()])
  })

  const load = async (options: Omit<LoadOptions, 'tables' | 'drain' | 'abort'> & Partial<LoadOptions>) =>
    loadTables({
      tables: [await bulkOf(a, 'records'), await bulkOf(b, 'records')],
      drain: never,
      abort: never,
      ...options,
    })

  it('puts exactly the rows asked for into the two databases, and says which has how many', async () => {
    // So many turns that each side has one at every throw of the coin: with 53 it is missed once in 2^52 runs.
    const summary = await load({ rows: 10_500, batch: 200 })
    expect(summary).toMatchObject({ rows: 10_500, errors: 0 })
    const rows = [await rowsIn(left.url), await rowsIn(right.url)]
    expect(summary.perDatabase.map((database) => database.rows)).toEqual(rows)
    expect(Math.min(...rows)).toBeGreaterThan(0)
  })

  it('stops soon after it is drained, with every row counted', async () => {
    await query(left.url, 'truncate records')
    await query(right.url, 'truncate records')
    const drain = new AbortController()
    const observe = (event: LoadEvent): void => {
      if (event.type === 'batch') drain.abort()
    }
    const summary = await load({ drain: drain.signal, observe })
    expect(summary.rows).toBe(1_000)
    expect((await rowsIn(left.url)) + (await rowsIn(right.url))).toBe(1_000)
  })

  it('goes on when a server is killed and comes back, and counts what failed', async () => {
    await using server = await dedicatedServer()
    await query(server.url(), RECORDS)
    await query(right.url, 'truncate records')
    await using killed = postgres(server.url())
    const drain = new AbortController()
    const seen = { killed: 0, other: 0 }
    const loading = loadTables({
      tables: [await bulkOf(killed, 'records'), await bulkOf(b, 'records')],
      drain: drain.signal,
      abort: never,
      observe: (event) => {
        if (event.type === 'batch') seen[event.database === killed.label ? 'killed' : 'other'] += event.rows
      },
    })
    await expect.poll(() => seen.killed, { timeout: 30_000 }).toBeGreaterThan(3_000)
    await server.kill()
    const other = seen.other
    await expect.poll(() => seen.other, { timeout: 30_000 }).toBeGreaterThan(other + 5_000)
    const before = seen.killed
    await server.start()
    await expect.poll(() => seen.killed, { timeout: 30_000 }).toBeGreaterThan(before + 3_000)
    drain.abort()
    const summary = await loading
    const [first, second] = summary.perDatabase
    expect(first?.errors).toBeGreaterThan(0)
    expect(second).toMatchObject({ errors: 0, rows: await rowsIn(right.url) })
    // The answer to one insert may have been lost with the server; its rows may be there.
    const surplus = (await rowsIn(server.url())) - (first?.rows ?? 0)
    expect([0, 1_000]).toContain(surplus)
  })
})

describe('random rows', () => {
  const database = testDatabase('a')
  const subject = postgres(database.url)
  afterAll(() => subject[Symbol.asyncDispose]())

  const insert = async (table: string, rows: number): Promise<number> =>
    (await bulkOf(subject, table)).insertRandom(rows, signal)

  it('fit a column of every type', async () => {
    const types =
      `uuid, text, varchar, varchar(3), varchar(20), char, char(5), "char", name, smallint, int, bigint, oid, xid, xid8,
      numeric, numeric(10,2), numeric(3,-2), numeric(2,4), numeric(1000,500), real, double precision, money, bool, date, time,
      time(2), timetz, timestamp, timestamp(0), timestamptz, timestamptz(3), interval, interval day to second, json, jsonb, bytea,
      inet, cidr, macaddr, macaddr8, bit, bit(8), varbit, varbit(3), pg_lsn, point, line, lseg, box, path, polygon, circle,
      tsvector, tsquery, int4range, int8range, numrange, daterange, tsrange, tstzrange, int4multirange, nummultirange,
      datemultirange, tstzmultirange, int[], text[], text[][], box[], bytea[], numeric(5,1)[], jsonb[], timestamptz[], "char"[],
      mood, mood[], code, code[], tags, "Odd Type"`
        .split(/,(?![^(]*\))/)
        .map((type) => type.trim())
    const columns = types.map((type, index) => `n${index} ${type} not null, m${index} ${type}`).join(', ')
    await query(
      database.url,
      `create type mood as enum ('sad', 'very "happy", {really}', 'NULL', '');
       create type "Odd Type" as enum ('a b', 'c,d');
       create domain code as varchar(5) check (value <> '');
       create domain tags as text[];
       create table every (id uuid primary key, ${columns})`,
    )
    expect(await insert('every', 300)).toBe(300)
    const [counts = {}] = await query(
      database.url,
      `select ${types.map((_, index) => `count(distinct n${index}::text)::int as n${index}, count(*) filter (where m${index} is null)::int as m${index}`).join(', ')} from every`,
    )
    types.forEach((type, index) => {
      expect(counts[`n${index}`], `different values of ${type}`).toBeGreaterThan(1)
      expect(counts[`m${index}`], `NULLs of ${type}`).toBe(30)
    })
  })

  it('leave to the database what it fills by itself', async () => {
    await query(
      database.url,
      `create table filled (id int generated always as identity primary key, other serial, at timestamptz default '2020-01-01',
         body text not null, size int generated always as (length(body)) stored)`,
    )
    expect(await insert('filled', 50)).toBe(50)
    expect(
      await query(database.url, 'select min(id), max(id), max(other) as other, count(distinct at) as at from filled'),
    ).toEqual([{ min: 1, max: 50, other: 50, at: '1' }])
  })

  it('carry a defaulted column when there is no other', async () => {
    await query(database.url, 'create table defaulted (id uuid primary key default gen_random_uuid())')
    expect(await insert('defaulted', 20)).toBe(20)
  })

  it('skip a key that is there already, and count without it', async () => {
    await query(database.url, 'create table narrow (id smallint primary key, body text)')
    const inserted = [await insert('narrow', 20_000), await insert('narrow', 20_000)]
    expect(inserted[1]).toBeLessThan(20_000)
    expect(await rowsIn(database.url, 'narrow')).toBe((inserted[0] ?? 0) + (inserted[1] ?? 0))
  })

  it('leave a foreign key NULL where it may be', async () => {
    await query(
      database.url,
      'create table parent (id uuid primary key); create table child (id uuid primary key, parent uuid references parent)',
    )
    expect(await insert('child', 10)).toBe(10)
  })

  it('are refused by a CHECK constraint with a DataError', async () => {
    await query(database.url, 'create table checked (n int not null check (n = 0))')
    await expect(insert('checked', 10)).rejects.toMatchObject({ name: 'DataError', code: 'check-violation' })
  })

  it.each([
    ['nowhere', 'table-missing', ''],
    ['a_view', 'table-kind', 'create view a_view as select 1 as n'],
    [
      'pointing',
      'load-foreign-key',
      'create table aim (id int primary key); create table pointing (id int not null references aim)',
    ],
    ['strange', 'load-type-unknown', 'create type pair as (a int, b int); create table strange (p pair not null)'],
    ['automatic', 'load-no-columns', 'create table automatic (id int generated always as identity)'],
  ])('cannot be made for the table %s: %s', async (table, code, setup) => {
    await query(database.url, setup)
    await expect(bulkOf(subject, table)).rejects.toMatchObject({ name: 'ConfigError', code })
  })
})
