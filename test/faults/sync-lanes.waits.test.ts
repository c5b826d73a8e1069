import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { expectOneWriterEach, LANE_USERS, lanesHeld, noteLaneWriters } from '../support/lane-writers.js'
import { plainClient, testDatabase } from '../support/postgres.js'
import { query, startAfresh, value } from '../support/sql.js'
import { compared, startSyncProcess } from '../support/sync-process.js'
import { startLoad } from './load.js'

const [a, b] = [testDatabase('a'), testDatabase('b')]
const sides = { a: a.url, b: b.url }
/** Promised: from the moment a process is gone until others have its lanes. */
const TAKEOVER_MS = 15_000
/** An advisory lock. */
const HELD = 4_711

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

function start(place: number, lanes: 2 | 4 = 4): RunningCli {
  const user = LANE_USERS[place]
  if (user === undefined) throw new Error('there is no such user')
  return startSyncProcess(cli, { a: a.urlOf({ user }), b: b.urlOf({ user }) }, { options: { lanes } })
}

const shares = async (): Promise<number[]> => [...(await lanesHeld(sides)).values()].toSorted()
const become = (expected: readonly number[]): Promise<void> =>
  expect.poll(shares, { timeout: 60_000 }).toEqual(expected)

/** Keys in two of four lanes. */
async function inLanes(...lanes: readonly number[]): Promise<[string, string]> {
  const keys = lanes.map((lane) =>
    value(
      sides.a,
      `select id from (select md5('moves' || n)::uuid as id from generate_series(1, 100) n) as keys
        where (hashint4extended(0, uuid_hash_extended(id, 1)) >> 62) & 3 = ${lane - 1} limit 1`,
    ),
  )
  const [one, other] = await Promise.all(keys)
  return [String(one), String(other)]
}

test('processes share the lanes of one table: who comes gets some, who is killed or frozen loses all', {
  timeout: 300_000,
}, async () => {
  await startAfresh(sides, 'create table records (id uuid primary key, value text)')
  await noteLaneWriters(sides, 4)
  await using load = await startLoad(sides, 2)
  const first = start(0)
  await compared(first)
  await become([4])
  await load.goesOn(50)

  // Who divides the keys otherwise waits, or ends.
  const other = await start(1, 2).ended
  expect(other, other.stdout).toMatchObject({ code: 4 })

  const second = start(2)
  await become([2, 2])
  await compared(second)
  await load.goesOn(50)

  // A key that changes from the first lane to the last one, and so from one process to another.
  const [before, after] = await inLanes(1, 4)
  const has = (id: string) => expect.poll(() => value(sides.b, `select value from records where id = '${id}'`))
  await query(sides.a, `insert into records values ('${before}', 'moves')`)
  await has(before).toBe('moves')
  await query(sides.a, `update records set id = '${after}' where id = '${before}'`)
  await has(after).toBe('moves')
  await query(sides.b, `delete from records where id = '${before}'`)

  const third = start(3)
  await become([1, 1, 2])
  await load.goesOn(50)

  first.process.kill('SIGKILL')
  await become([2, 2])
  await load.goesOn(50)

  second.process.kill('SIGSTOP')
  const frozenAt = Date.now()
  await become([4])
  expect(Date.now() - frozenAt).toBeLessThan(TAKEOVER_MS)
  await load.goesOn(50)
  second.process.kill('SIGCONT')
  await become([2, 2])
  await load.goesOn(50)
  await load.settle()

  for (const process of [second, third]) {
    process.process.kill('SIGTERM')
    expect(await process.ended).toMatchObject({ code: 0 })
  }
  await expectOneWriterEach(sides)
  // Nothing is held any more, what all hold together included.
  expect(await value(sides.a, 'select count(*)::int from lockstep.leases where instance is not null')).toBe(0)
})

/** How many rows each comparison of a process had to look at one by one. */
function fetchedBy({ output }: RunningCli): number[] {
  const lines = output()
    .split('\n')
    .filter((line) => line.includes('"verdict":'))
  return lines.map((line) => JSON.parse(line).figures.fetchedRows)
}

test('lanes that are handed over while an empty side is filled are filled on by changes, not row by row', {
  timeout: 180_000,
}, async () => {
  const rows = 20_000
  await startAfresh(sides, 'create table records (id uuid primary key, value text)')
  await noteLaneWriters(sides, 4)
  await query(
    sides.a,
    `insert into records select md5(n::text)::uuid, n || ' ' || repeat('x', 1000) from generate_series(1, ${rows}) n`,
  )
  // The last row waits for the test, and what is written with it.
  await query(
    sides.b,
    `create function wait_for_test() returns trigger language plpgsql as $$
       begin perform pg_advisory_xact_lock(${HELD}); return new; end $$;
     create trigger held before insert on records for each row when (new.value like '${rows} %')
       execute function wait_for_test()`,
  )
  await using holding = await plainClient(sides.b)
  await holding.query(`select pg_advisory_lock(${HELD})`)
  const filled = () => value(sides.b, 'select count(*)::int from records')
  const first = start(0)
  await expect.poll(filled, { timeout: 60_000 }).toBeGreaterThan(0)
  const second = start(2)
  await become([2, 2])
  expect(await filled()).toBeLessThan(rows)
  await holding.query(`select pg_advisory_unlock(${HELD})`)
  await expect.poll(filled, { timeout: 60_000 }).toBe(rows)
  for (const process of [first, second]) await compared(process)
  expect([...new Set([...fetchedBy(first), ...fetchedBy(second)])]).toEqual([0])
  for (const process of [first, second]) {
    process.process.kill('SIGTERM')
    expect(await process.ended).toMatchObject({ code: 0 })
  }
})
