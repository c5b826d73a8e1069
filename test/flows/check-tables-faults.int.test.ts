import { expect, it } from 'vitest'
import { postgres } from '../../src/adapters/postgres/database.js'
import type { FlowContext } from '../../src/core/flow.js'
import type { FlowEvent } from '../../src/core/observer.js'
import { checkTables } from '../../src/flows/check/check-tables.js'
import { dedicatedServer, plainClient, testDatabase } from '../support/postgres.js'

const A = testDatabase('a')
const B = testDatabase('b')
const never = new AbortController().signal

function contextOf(observer: (event: FlowEvent) => void): FlowContext {
  return { name: 'same', observer, drain: never, abort: never, untilCaughtUp: true }
}

async function fill(url: string, table: string): Promise<void> {
  await using client = await plainClient(url)
  await client.query(`create table ${table} (id int4 primary key, v text)`)
  await client.query(`insert into ${table} select i, 'v' || i from generate_series(1, 20000) i`)
}

it('reports no difference between tables that are being written all the time, the right one a little later', async () => {
  await Promise.all([fill(A.url, 'moving'), fill(B.url, 'moving')])
  await using left = postgres(A.url)
  await using right = postgres(B.url)
  const tables = [await left.table('moving').open(never), await right.table('moving').open(never)] as const
  const stop = new AbortController()
  const writing = mirroredWriter(stop.signal)
  try {
    let settling = 0
    // By chance alone nothing may be in flight while four short checks read.
    for (let round = 0; round < 4 || settling === 0; round++) {
      const report = await checkTables(
        ...tables,
        contextOf(() => {}),
        { settleMs: 400, looks: 10 },
      )
      expect(report).toMatchObject({ missingLeft: 0, missingRight: 0, changed: 0 })
      settling += report.fetchedRows
    }
  } finally {
    stop.abort()
    await writing
  }
  expect(
    await checkTables(
      ...tables,
      contextOf(() => {}),
    ),
  ).toMatchObject({ verdict: 'same' })
})

/** Each row is inserted or changed left, and 30 ms later right. */
async function mirroredWriter(stop: AbortSignal): Promise<void> {
  await using left = await plainClient(A.url)
  await using right = await plainClient(B.url)
  for (let turn = 0; !stop.aborted; turn++) {
    const rows = `select i, 'turn ${turn}' from generate_series(${turn * 7}, ${turn * 7 + 20}) i`
    const statement = `insert into moving ${rows} on conflict (id) do update set v = excluded.v`
    await left.query(statement)
    await new Promise((resolve) => setTimeout(resolve, 30))
    await right.query(statement)
  }
}

it('gives the right verdict though its connections are cut, and counts nothing twice', async () => {
  await Promise.all([fill(A.url, 'cut'), fill(B.url, 'cut')])
  await using client = await plainClient(B.url)
  await client.query('delete from cut where id % 100 = 0')
  await using left = postgres(A.url)
  await using right = postgres(B.url)
  const tables = [await left.table('cut').open(never), await right.table('cut').open(never)] as const
  const events: FlowEvent[] = []
  const context = contextOf((event) => events.push(event))
  const keys: string[] = []
  const difference = ({ key }: { readonly key: readonly unknown[] }) => keys.push(String(key[0]))
  const checking = checkTables(...tables, context, { settleMs: 300, difference })
  // While the second look waits, or earlier: whatever the check is doing, it loses its connections.
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'lockstep%'`
  await expect.poll(async () => (await client.query(cut)).rowCount, { interval: 1 }).toBeGreaterThan(0)
  expect(await checking).toMatchObject({ verdict: 'different', missingRight: 200, missingLeft: 0, changed: 0 })
  expect(new Set(keys).size).toBe(200)
  expect(keys).toHaveLength(200)
})

it('says unverified, never same, when a server goes away for good', async () => {
  await using server = await dedicatedServer()
  await Promise.all([fill(A.url, 'gone'), fill(server.url(), 'gone')])
  await using left = postgres(A.url)
  await using right = postgres(server.url())
  const tables = [await left.table('gone').open(never), await right.table('gone').open(never)] as const
  await server.kill()
  const events: FlowEvent[] = []
  const report = await checkTables(
    ...tables,
    contextOf((event) => events.push(event)),
    { patienceMs: 500 },
  )
  expect(report).toMatchObject({ verdict: 'unverified', rows: { left: 0n, right: 0n } })
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['retry', 'verdict']))
})
