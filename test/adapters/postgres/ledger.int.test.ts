import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { PostgresTableInfo } from '../../../src/adapters/postgres/catalog/catalog.js'
import { type PostgresDatabase, postgres } from '../../../src/adapters/postgres/index.js'
import { Ledger } from '../../../src/adapters/postgres/ledger/ledger.js'
import { pollTable } from '../../../src/adapters/postgres/ledger/poll.js'
import { pageOf, type Reading, type ReadOptions, readStretch } from '../../../src/adapters/postgres/ledger/read.js'
import { Reader } from '../../../src/adapters/postgres/ledger/reader.js'
import type { Connection } from '../../../src/adapters/postgres/session/session.js'
import { type PlainClient, plainClient, testDatabase } from '../../support/postgres.js'
import { infoOf } from './writer-subject.js'

const signal = AbortSignal.timeout(240_000)
const WHOLE = { from: 0, to: undefined }
const NOTHING = { xids: [], pages: [] }

const { url } = testDatabase()
let database: PostgresDatabase
let oracle: PlainClient

beforeAll(async () => {
  database = postgres(url)
  oracle = await plainClient(url)
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await oracle.end()
})
beforeEach(async () => {
  await oracle.query('drop table if exists records; create table records (id int primary key, body text)')
})

/** The next transaction id, read without taking one. */
async function nextXid(): Promise<number> {
  const { rows } = await oracle.query<{ xid: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xid')
  return Number(rows[0]?.xid)
}

async function read(
  info: PostgresTableInfo,
  stretch: { from: number | { after: string }; to: number | undefined },
  options: Partial<ReadOptions> = {},
): Promise<Reading> {
  return readStretch(database.session, info, stretch, {
    floor: 3,
    below: undefined,
    within: undefined,
    xmax: await nextXid(),
    exclude: NOTHING,
    budgetBytes: undefined,
    signal,
    ...options,
  })
}

const ids = (reading: Reading): number[] => [...reading.rows].map((row) => Number(row[0])).sort((a, b) => a - b)

/** What a plain query sees: row id, full transaction id (no epoch is over in a test), page. */
async function truth(table = 'records'): Promise<{ id: number; xid: number; page: number }[]> {
  const { rows } = await oracle.query<{ id: number; xid: string; tid: string }>(
    `select id, xmin::text as xid, ctid::text as tid from ${table} order by ctid`,
  )
  return rows.map(({ id, xid, tid }) => ({ id, xid: Number(xid), page: Number(/\d+/.exec(tid)?.[0]) }))
}

describe('one read', () => {
  test('gives each row once, with the transactions that wrote them and where those begin', async () => {
    for (const start of [0, 300, 600])
      await oracle.query(
        `insert into records select g, repeat('x', 100) from generate_series(${start}, ${start + 299}) g`,
      )
    const rows = await truth()
    const reading = await read(await infoOf(database, 'records'), WHOLE)
    expect(ids(reading)).toEqual(rows.map(({ id }) => id))
    const firstPages = new Map(rows.toReversed().map(({ xid, page }) => [xid, page]))
    expect(new Map(reading.xids.map((xid, index) => [xid, reading.firstPages[index]]))).toEqual(firstPages)
    expect(reading.resume).toBeUndefined()
    const { rows: files } = await oracle.query(`select pg_relation_filenode('records')::text as filenode`)
    expect(reading.filenode).toBe(files[0].filenode)
  })

  test('of an empty table there is nothing but its file', async () => {
    const reading = await read(await infoOf(database, 'records'), WHOLE)
    expect([reading.rows.length, reading.xids, reading.resume]).toEqual([0, [], undefined])
    expect(reading.filenode).toMatch(/^\d+$/)
  })

  test('savepoints have ids of their own; what was rolled back is not there', async () => {
    await oracle.query(`begin; insert into records values (1, 'a'); savepoint s; insert into records values (2, 'b');
      release s; savepoint t; insert into records values (3, 'c'); rollback to t; insert into records values (4, null); commit`)
    const reading = await read(await infoOf(database, 'records'), WHOLE)
    expect([...reading.rows].toSorted()).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['4', null],
    ])
    const rows = await truth()
    expect(new Set(reading.xids)).toEqual(new Set(rows.map(({ xid }) => xid)))
    // A savepoint that was rolled back to goes on under a new id.
    expect(reading.xids.length).toBe(3)
  })

  test('frozen rows keep the id of who wrote them', async () => {
    await oracle.query(`insert into records values (1, 'a')`)
    await oracle.query('vacuum (freeze) records')
    const info = await infoOf(database, 'records')
    const [row] = await truth()
    const floor = row?.xid ?? 0
    expect(ids(await read(info, WHOLE, { floor }))).toEqual([1])
    expect(ids(await read(info, WHOLE, { floor: floor + 1 }))).toEqual([])
  })

  test('leaves out what is below the floor, and what is not below the bound', async () => {
    for (const id of [1, 2, 3]) await oracle.query(`insert into records values (${id}, 'a')`)
    const info = await infoOf(database, 'records')
    const [first = 0, second = 0, third = 0] = (await truth()).map(({ xid }) => xid)
    expect(ids(await read(info, WHOLE, { floor: second }))).toEqual([2, 3])
    expect(ids(await read(info, WHOLE, { floor: first, below: third }))).toEqual([1, 2])
    expect(ids(await read(info, WHOLE, { floor: second, below: second }))).toEqual([])
  })

  test('leaves out a transaction from its page on, not before', async () => {
    await oracle.query(`insert into records select g, repeat('x', 1000) from generate_series(1, 50) g`)
    const rows = await truth()
    const xid = rows[0]?.xid ?? 0
    const info = await infoOf(database, 'records')
    const exclude = { xids: [xid, xid + 1], pages: [3, 0] }
    expect(ids(await read(info, WHOLE, { exclude }))).toEqual(rows.filter(({ page }) => page < 3).map(({ id }) => id))
  })

  test('pages are taken from the first of a stretch to before its end', async () => {
    await oracle.query(`insert into records select g, repeat('x', 1000) from generate_series(1, 100) g`)
    const rows = await truth()
    const info = await infoOf(database, 'records')
    const within = (from: number, to: number): number[] =>
      rows.filter(({ page }) => page >= from && page < to).map(({ id }) => id)
    expect(ids(await read(info, { from: 2, to: 5 }))).toEqual(within(2, 5))
    expect(ids(await read(info, { from: 5, to: undefined }))).toEqual(within(5, Number.POSITIVE_INFINITY))
    expect(ids(await read(info, { from: 5, to: 5 }))).toEqual([])
    expect(ids(await read(info, { from: 10_000, to: undefined }))).toEqual([])
  })

  test('goes on in the middle of a page', async () => {
    await oracle.query(`insert into records select g, 'x' from generate_series(1, 20) g`)
    expect(ids(await read(await infoOf(database, 'records'), { from: { after: '(0,7)' }, to: undefined }))).toEqual(
      Array.from({ length: 13 }, (_, index) => index + 8),
    )
  })
})

describe('a budget', () => {
  /** Reads on until nothing is left; each part with the ids of its rows. */
  async function parts(info: PostgresTableInfo, budgetBytes: number): Promise<number[][]> {
    const found: number[][] = []
    let from: number | { after: string } = 0
    for (;;) {
      const reading: Reading = await read(info, { from, to: undefined }, { budgetBytes })
      if (reading.rows.length > 0) found.push(ids(reading))
      if (reading.resume === undefined) return found
      expect(pageOf(reading.resume)).toBeGreaterThanOrEqual(Math.min(...reading.firstPages))
      from = { after: reading.resume }
    }
  }

  test('cuts rows of a megabyte out of line into parts, and each row comes once', async () => {
    await oracle.query('alter table records alter body set storage external')
    for (let id = 1; id <= 12; id++)
      await oracle.query(`insert into records values (${id}, repeat('y', 1000000)), (${id + 100}, 'small')`)
    const found = await parts(await infoOf(database, 'records'), 4_000_000)
    expect(found.flat().toSorted((a, b) => a - b)).toEqual(
      (await truth()).map(({ id }) => id).toSorted((a, b) => a - b),
    )
    // A row counts twice its size: two of a megabyte reach the budget.
    expect(Math.max(...found.map((part) => part.filter((id) => id <= 12).length))).toBe(2)
  })

  test('a compressed value counts for more than it takes on disk', async () => {
    await oracle.query(`create table packed (id int primary key, body jsonb)`)
    await oracle.query(
      `insert into packed select g, jsonb_build_object('a', repeat('z', 1000000)) from generate_series(1, 20) g`,
    )
    expect((await parts(await infoOf(database, 'packed'), 100_000)).length).toBeGreaterThan(1)
  })

  test('a row larger than the budget comes alone', async () => {
    await oracle.query(`insert into records select g, repeat('x', 50000) from generate_series(1, 5) g`)
    expect(await parts(await infoOf(database, 'records'), 1_000)).toEqual([[1], [2], [3], [4], [5]])
  })

  test('several transactions on one page: the part ends at one place for all of them', async () => {
    for (let id = 1; id <= 30; id++) await oracle.query(`insert into records values (${id}, 'x')`)
    const found = await parts(await infoOf(database, 'records'), 300)
    expect(found.flat()).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
    expect(found.length).toBeGreaterThan(3)
  })
})

test('columns may be called as the statement calls its own', async () => {
  const names = [
    'xid',
    'tid',
    'more',
    'size',
    'before',
    'total',
    'c0',
    'c1',
    'rows',
    'first',
    'last',
    'd',
    't',
    'x',
    'p',
  ]
  const columns = names.map((name) => `"${name}" text`).join(', ')
  await oracle.query(`create table odd (id int primary key, ${columns}, "Up ""Down" text)`)
  const values = [...names, 'up down'].map((name) => `'${name}'`).join(', ')
  await oracle.query(`insert into odd values (1, ${values}), (2, ${values})`)
  const info = await infoOf(database, 'odd')
  const [{ xid = 0 } = {}] = await truth('odd')
  const exclude = { xids: [xid + 1], pages: [0] }
  for (const budgetBytes of [undefined, 100]) {
    const reading = await read(info, WHOLE, { budgetBytes, exclude })
    expect([...reading.rows][0]).toEqual(['1', ...names, 'up down'])
    expect(reading.rows.length).toBe(budgetBytes === undefined ? 2 : 1)
  }
})

describe('the plan', () => {
  const Plan = z.array(z.object({ 'QUERY PLAN': z.string() }))

  /** What the reader's statement looks like to the planner, in the reader's session. */
  async function planOf(known: number): Promise<string> {
    const connection = database.connect('plan')
    let statement: SQL | undefined
    const watching: Connection = {
      get generation() {
        return connection.generation
      },
      execute: (query, options) => {
        statement = query
        return connection.execute(query, options)
      },
      fields: (query, options) => connection.fields(query, options),
      copy: (query, options) => connection.copy(query, options),
      transaction: (work, options) => connection.transaction(work, options),
      [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
    }
    const info = await infoOf(database, 'records')
    await using reader = new Reader(watching, info, { label: 'plan', within: undefined })
    await reader.open(signal)
    const poll = await pollTable(connection, info.oid, 'plan', signal)
    const done = Array.from({ length: known }, (_, index) => [1_000_000 + index, index % 50] as const)
    const ledger = new Ledger({ floor: 3, filenode: poll.filenode, done })
    await reader.read({ from: 5, to: 500 }, { ledger, poll, tail: undefined, signal })
    if (statement === undefined) throw new Error('nothing was read')
    const rows = Plan.parse(await connection.execute(sql`explain ${statement}`, { signal }))
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }

  test.each([1, 20_000])('reads the pages once and leaves out %d transactions by a hash', async (known) => {
    await oracle.query(`insert into records select g, repeat('x', 200) from generate_series(1, 20000) g`)
    await oracle.query('analyze records')
    const plan = await planOf(known)
    expect(plan).toContain('Tid Range Scan on records')
    expect(plan).toMatch(/Hash (Right )?Anti Join/)
    expect(plan).not.toMatch(/Seq Scan on records|Merge|Gather/)
    // The one that is left joins the file's number, a single row.
    expect(plan.match(/Nested Loop/g)?.length ?? 0).toBeLessThanOrEqual(1)
    expect(plan).not.toContain('Nested Loop Anti Join')
  })

  test('also before the table was ever analyzed', async () => {
    await oracle.query(`insert into records select g, repeat('x', 200) from generate_series(1, 20000) g`)
    const plan = await planOf(1)
    expect(plan).toContain('Tid Range Scan on records')
    expect(plan).toMatch(/Hash (Right )?Anti Join/)
  })
})
