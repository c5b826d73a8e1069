import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { sqlite } from 'lockstep/sqlite'
import { describe, expect, it } from 'vitest'
import { agree } from '../../../src/compare/agree.js'
import type { ReadOptions, TableRef } from '../../../src/core/database.js'
import type { Difference } from '../../../src/core/difference.js'
import type { FlowContext, TablesReport } from '../../../src/core/flow.js'
import type { CheckProgress } from '../../../src/core/progress.js'
import { type DigestOptions, type Table, WHOLE_TABLE } from '../../../src/core/table.js'
import { check } from '../../../src/flows/check/check.js'
import type { TablesCheck } from '../../../src/flows/check/tables.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { plainMariadb, testMariadb } from '../../support/mariadb.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

/** Large tables are read by ranges, in one snapshot, at a pace. Small targets make many ranges. */
const A = testDatabase('a')
const B = testDatabase('b')
const MARIADB = testMariadb()
const never = new AbortController().signal
const ROWS = 60_000
const TARGET_MS = 5

const context: FlowContext = { name: 'same', observer: () => {}, drain: never, abort: never, untilCaughtUp: true }

async function onBoth(...statements: readonly string[]): Promise<void> {
  for (const url of [A.url, B.url]) {
    await using client = await plainClient(url)
    for (const statement of statements) await client.query(statement)
  }
}

/** 3,400 blocks or so, and some that are empty. */
function fill(table: string, key = 'primary key'): readonly string[] {
  return [
    `create table ${table} (id int ${key}, v text, filler text)`,
    `insert into ${table} select i, 'v' || i, repeat('x', 400) from generate_series(1, ${ROWS}) i`,
    `delete from ${table} where id between 20000 and 21000`,
  ]
}

interface Checked {
  readonly report: TablesReport
  readonly found: readonly string[]
  readonly shares: readonly number[]
}

async function checked(options: TablesCheck, more: Partial<FlowContext> = {}): Promise<Checked> {
  const found: string[] = []
  const shares: number[] = []
  const progress = ({ phase, share }: CheckProgress): void => {
    if (phase === 'digest' && share !== undefined) shares.push(share)
  }
  const difference = ({ kind, key }: Difference): void => void found.push(`${kind} ${key.join()}`)
  const flow = check.tables({ pace: { targetMs: TARGET_MS }, settleMs: 50, ...options })
  const report = await flow.check?.({ ...context, ...more }, { progress, difference })
  if (report?.kind !== 'tables') throw new Error('a check flow checks')
  return { report, found: found.toSorted(), shares }
}

/** The digest of all rows, and how often it was told how far it is. */
async function digested(table: Table, options: Partial<DigestOptions> = {}) {
  let ranges = 0
  const told = () => {
    ranges++
  }
  const digests = await table.digests([WHOLE_TABLE], 0, { signal: never, targetMs: TARGET_MS, told, ...options })
  return { digest: digests.get(0), ranges }
}

describe('seeded differences in tables that are read by ranges', () => {
  it('are all found, and nothing else, in PostgreSQL', async () => {
    await onBoth(...fill('seeded'))
    await using right = await plainClient(B.url)
    await right.query('delete from seeded where id % 10000 = 1')
    await right.query(`insert into seeded select -i, 'new', 'x' from generate_series(1, 5) i`)
    await right.query(`update seeded set v = v || '!' where id % 10000 = 7`)
    await using one = postgres(A.url)
    await using other = postgres(B.url)
    const { report, found, shares } = await checked({ left: one.table('seeded'), right: other.table('seeded') })
    const wanted = [
      ...[1, 10_001, 30_001, 40_001, 50_001].map((id) => `missing-right ${id}`),
      ...[1, 2, 3, 4, 5].map((id) => `missing-left -${id}`),
      ...[7, 10_007, 30_007, 40_007, 50_007].map((id) => `changed ${id}`),
    ]
    expect(found).toEqual(wanted.toSorted())
    expect(report.rows).toEqual({ left: BigInt(ROWS - 1_001), right: BigInt(ROWS - 1_001) })
    expect(shares.length).toBeGreaterThan(1)
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(shares.at(-1)).toBeCloseTo(1)
  })

  it('are all found in tables without a key, and under a filter', async () => {
    await onBoth(...fill('keyless', ''))
    await using right = await plainClient(B.url)
    await right.query('insert into keyless select * from keyless where id % 20000 = 5')
    await using one = postgres(A.url)
    await using other = postgres(B.url)
    const tables = { left: one.table('keyless'), right: other.table('keyless'), key: 'none' } as const
    const all = await checked(tables)
    expect(all.report).toMatchObject({ verdict: 'different', copies: 2 })
    expect(all.shares.length).toBeGreaterThan(1)
    const part = await checked({ ...tables, where: 'id > 30000' })
    expect(part.report).toMatchObject({ verdict: 'different', copies: 1, rows: { left: 30_000n, right: 30_001n } })
    expect(part.shares.length).toBeGreaterThan(1)
  })

  it('are all found between PostgreSQL and MariaDB, whose keys have gaps and are unsigned', async () => {
    await using client = await plainClient(A.url)
    await using plain = await plainMariadb(MARIADB.url)
    await client.query('create table numbers (id numeric(20) primary key, v text, filler text)')
    await client.query(
      `insert into numbers select i::numeric * i * 5000000000, 'v' || i, repeat('x', 400) from generate_series(1, ${ROWS}) i`,
    )
    await plain.query('create table numbers (id bigint unsigned primary key, v varchar(40), filler text)')
    await plain.query(
      `insert into numbers select cast(seq as decimal(20)) * seq * 5000000000, concat('v', seq), repeat('x', 400) from seq_1_to_${ROWS}`,
    )
    await plain.query(`update numbers set v = 'other' where id in (5000000000, 18000000000000000000)`)
    await using one = postgres(A.url)
    await using other = mysql(MARIADB.url)
    const { report, found, shares } = await checked({ left: one.table('numbers'), right: other.table('numbers') })
    expect(found).toEqual(['changed 18000000000000000000', 'changed 5000000000'])
    expect(report.rows).toEqual({ left: BigInt(ROWS), right: BigInt(ROWS) })
    expect(shares.at(-1)).toBeCloseTo(1)
  })
})

describe('what is read by ranges', () => {
  it('comes to what one statement comes to', async () => {
    await onBoth(...fill('sums'))
    await using plain = await plainMariadb(MARIADB.url)
    await plain.query('create table sums (id int primary key, v varchar(40), filler text)')
    await plain.query(`insert into sums select seq * 3, concat('v', seq), repeat('x', 100) from seq_1_to_${ROWS}`)
    await using pg = postgres(A.url)
    await using maria = mysql(MARIADB.url)
    for (const database of [pg, maria]) {
      for (const reading of [{ where: 'id > 7' }, { where: `v like '%7'` }]) {
        const whole = database.query('select * from sums', { key: ['id'] })
        const [ranges, one] = await pair(database.table('sums'), whole, reading)
        const [some, all] = [await digested(ranges), await digested(one)]
        expect(some.digest).toEqual(all.digest)
        expect(all.ranges).toBe(0)
        expect(some.ranges > 2, `${database.label} ${JSON.stringify(reading)}`).toBe(reading.where !== 'id > 7')
        const options = { signal: never, targetMs: TARGET_MS, ranges: 8 }
        const by = await ranges.digests([WHOLE_TABLE], 12, options)
        expect(by).toEqual(await one.digests([WHOLE_TABLE], 12, options))
      }
    }
  })

  it('is told as it goes of SQLite, too', async () => {
    await using database = sqlite(':memory:')
    const what = { what: 'filling a table' }
    await database.session.execute('create table t (id integer primary key, v text)', [], what)
    const numbers = 'with recursive n (i) as (select 1 union all select i + 1 from n where i < 9000)'
    await database.session.execute(`insert into t ${numbers} select i * 7, 'v' from n`, [], what)
    const [table] = await pair(database.table('t'), database.table('t'), {})
    const told: number[] = []
    await table.digests([WHOLE_TABLE], 0, { signal: never, told: (done, of) => told.push(done / of) })
    expect(told.length).toBeGreaterThan(3)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
    expect(told.at(-1)).toBe(1)
  })

  it('is one snapshot: rows that move from block to block meanwhile are counted once', async () => {
    await onBoth(...fill('moved'))
    await using database = postgres(A.url)
    const table = await database.table('moved').open(never)
    const before = await digested(table)
    expect(before.digest?.rows).toBe(BigInt(ROWS - 1_001))
    const stop = new AbortController()
    const moves = { count: 0 }
    const moving = moveRows(moves, stop.signal)
    try {
      // As often as it takes for some to have been moved while a pass was going on.
      for (let [round, during] = [0, 0]; round < 3 || during === 0; round++) {
        const started = moves.count
        const { digest, ranges } = await digested(table, { targetMs: 1 })
        during += moves.count - started
        expect(digest).toEqual(before.digest)
        expect(ranges).toBeGreaterThan(2)
      }
    } finally {
      stop.abort()
      await moving
    }
  })

  it('ends in the middle of a range, and leaves no connection at work', async () => {
    await onBoth(...fill('ended'))
    await using client = await plainClient(A.url)
    await using database = postgres(A.url)
    const table = await database.table('ended').open(never)
    const ended = new AbortController()
    const told = (): void => ended.abort(new Error('enough'))
    await expect(digested(table, { signal: ended.signal, told })).rejects.toThrow()
    const busy = `select 1 from pg_stat_activity where datname = current_database() and application_name like 'lockstep%' and state <> 'idle'`
    await expect.poll(async () => (await client.query(busy)).rowCount, { timeout: 20_000 }).toBe(0)
  })

  it('is the same over a slow line of 1 Mbit, 200 ms away', async () => {
    await onBoth(...fill('distant'))
    await using right = await plainClient(B.url)
    await right.query(`update distant set v = 'other' where id % 20000 = 9`)
    await using proxy = await FaultProxy.start(B.url)
    await using one = postgres(A.url)
    await using other = postgres(proxy.url, { insecureTls: 'plaintext' })
    await proxy.set({ kind: 'slow', latencyMs: 100, bytesPerSecond: 125_000 })
    const tables = { left: one.table('distant'), right: other.table('distant') }
    const { report, found, shares } = await checked({ ...tables, pace: { targetMs: 2_000 } })
    expect(report.verdict).toBe('different')
    expect(found).toEqual(['changed 40009', 'changed 9'])
    expect(shares.at(-1)).toBeCloseTo(1)
    await proxy.set({ kind: 'none' })
  })
})

it('a pace that is none is refused before anything is read', () => {
  const database = postgres(A.url)
  const tables = { left: database.table('a'), right: database.table('b') }
  expect(() => check.tables({ ...tables, pace: { targetMs: 0 } })).toThrow(/pace.targetMs/)
})

async function pair(one: TableRef, other: TableRef, reading: ReadOptions) {
  const [left, right] = await Promise.all([one.openCanonical?.(never, reading), other.openCanonical?.(never, reading)])
  if (left === undefined || right === undefined) throw new Error('both have a canonical form')
  const agreed = agree(left, right, { key: 'test' })
  return [agreed.left, agreed.right] as const
}

/** Writes rows anew as they are: each time they are in other blocks. */
async function moveRows(moves: { count: number }, stop: AbortSignal): Promise<void> {
  await using client = await plainClient(A.url)
  for (; !stop.aborted; moves.count++) {
    const from = (moves.count * 7_919) % ROWS
    await client.query(`update moved set v = v where id between ${from} and ${from + 300}`)
  }
}
