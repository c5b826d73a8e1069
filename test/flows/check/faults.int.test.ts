import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { describe, expect, it } from 'vitest'
import { agree } from '../../../src/compare/agree.js'
import type { TableRef } from '../../../src/core/database.js'
import type { Difference } from '../../../src/core/difference.js'
import type { FlowContext, TablesReport } from '../../../src/core/flow.js'
import { check } from '../../../src/flows/check/check.js'
import { checkTables } from '../../../src/flows/check/check-tables.js'
import { deferred } from '../../support/fault.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { plainMariadb, testMariadb } from '../../support/mariadb.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

/** What happens to a check across engines when the databases are written, lost or changed under it. */
const POSTGRES = testDatabase('a')
const MARIADB = testMariadb()
const never = new AbortController().signal
const ROWS = 30_000

function contextOf(drain: AbortSignal = never): FlowContext {
  return { name: 'same', observer: () => {}, drain, abort: never, untilCaughtUp: true }
}

/** The same rows on both sides, `v` of which is `v<id>`. */
async function fill(table: string, key = 'primary key'): Promise<void> {
  await using left = await plainClient(POSTGRES.url)
  await using right = await plainMariadb(MARIADB.url)
  await left.query(`create table ${table} (id int ${key}, v varchar(40))`)
  await left.query(`insert into ${table} select i, 'v' || i from generate_series(1, ${ROWS}) i`)
  await right.query(`create table ${table} (id int ${key}, v varchar(40))`)
  await right.query(`insert into ${table} select seq, concat('v', seq) from seq_1_to_${ROWS}`)
}

async function agreed(left: TableRef, right: TableRef) {
  const [one, other] = await Promise.all([left.openCanonical?.(never), right.openCanonical?.(never)])
  if (one === undefined || other === undefined) throw new Error('both have a canonical form')
  return agree(one, other, { key: 'test' })
}

/** Each row is changed left, and 30 ms later right, until `stop`. */
async function mirroredWriter(table: string, stop: AbortSignal): Promise<number> {
  await using left = await plainClient(POSTGRES.url)
  await using right = await plainMariadb(MARIADB.url)
  let turn = 0
  for (; !stop.aborted; turn++) {
    const from = (turn * 97) % ROWS
    const statement = `update ${table} set v = 'turn ${turn}' where id between ${from} and ${from + 20}`
    await left.query(statement)
    await new Promise((resolve) => setTimeout(resolve, 30))
    await right.query(statement)
  }
  return turn
}

describe.each([
  ['by key', 'primary key', undefined],
  ['without a key', '', 'none'],
] as const)('tables of two engines that are written all the time, %s', (name, column, key) => {
  it('are never reported to differ', async () => {
    const table = `moving_${name.replaceAll(' ', '_')}`
    await fill(table, column)
    await using left = postgres(POSTGRES.url)
    await using right = mysql(MARIADB.url)
    const flow = check.tables({ left: left.table(table), right: right.table(table), ...(key && { key }) })
    const stop = new AbortController()
    const writing = mirroredWriter(table, stop.signal)
    let fetched = 0
    try {
      // By chance alone nothing may be in flight while three short checks read.
      for (let round = 0; round < 3 || fetched === 0; round++) {
        const report = await flow.check?.(contextOf(), { settleMs: 400 })
        if (report?.kind !== 'tables') throw new Error('a check flow checks')
        expect({ ...report, copies: report.copies ?? 0 }).toMatchObject({
          missingLeft: 0,
          missingRight: 0,
          changed: 0,
          copies: 0,
        })
        fetched += report.fetchedRows
      }
    } finally {
      stop.abort()
      await writing
    }
    expect(await flow.check?.(contextOf(), {})).toMatchObject({ verdict: 'same' })
  })
})

describe('a check across engines', () => {
  it('gives the right verdict though connections of both servers are killed under it', async () => {
    await fill('killed')
    await using plain = await plainMariadb(MARIADB.url)
    await using client = await plainClient(POSTGRES.url)
    await plain.query('delete from killed where id % 100 = 0')
    await using left = postgres(POSTGRES.url)
    await using right = mysql(MARIADB.url)
    const keys: string[] = []
    const difference = ({ key }: Difference) => {
      keys.push(key.join())
    }
    const tables = await agreed(left.table('killed'), right.table('killed'))
    const checking = checkTables(tables.left, tables.right, contextOf(), { settleMs: 300, difference })
    // Also between two statements of a pass, which has a transaction open all the time.
    const query = `select id from information_schema.processlist where db = database() and id <> connection_id()
      and (command = 'Query' or id in (select trx_mysql_thread_id from information_schema.innodb_trx))`
    let kills = 0
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'lockstep%'`
    await expect
      .poll(
        async () => {
          for (const { id } of await plain.query(query)) {
            await plain.query(`kill ${Number(id)}`).catch(() => {})
            kills++
          }
          // One server after the other: a side that is lost ends the reading of both.
          return kills > 0 && ((await client.query(cut)).rowCount ?? 0) > 0
        },
        { interval: 1, timeout: 20_000 },
      )
      .toBe(true)
    expect(await checking).toMatchObject({ verdict: 'different', missingRight: 300, missingLeft: 0, changed: 0 })
    expect(keys.sort()).toEqual([...new Set(keys)].sort())
    expect(keys).toHaveLength(300)
  })

  it.each([
    ['whose link is cut', { kind: 'reset-every', everyMs: 20 }],
    ['that is frozen', { kind: 'hold' }],
  ] as const)('says unverified, never same, of a server %s', async (_, fault) => {
    const table = `gone_${fault.kind.replace('-', '_')}`
    await fill(table)
    await using proxy = await FaultProxy.start(MARIADB.url)
    await using left = postgres(POSTGRES.url)
    await using right = mysql(proxy.url, { connectMs: 500, insecureTls: 'plaintext' })
    const tables = await agreed(left.table(table), right.table(table))
    await proxy.set(fault)
    const report = await checkTables(tables.left, tables.right, contextOf(), {
      patienceMs: 500,
      databases: [left, right],
      watch: { everyMs: 100, misses: 2 },
    })
    expect(report.verdict).toBe('unverified')
    await proxy.set({ kind: 'none' })
  })

  it('stops, and gives no verdict, when a column is dropped under it', async () => {
    await fill('altered')
    await using left = postgres(POSTGRES.url)
    await using right = mysql(MARIADB.url)
    const tables = await agreed(left.table('altered'), right.table('altered'))
    await using plain = await plainMariadb(MARIADB.url)
    await plain.query('alter table altered drop column v')
    await expect(checkTables(tables.left, tables.right, contextOf())).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'schema-changed',
      key: 'flows.same',
    })
  })

  it('is unverified when it is asked to end, and leaves nothing running', async () => {
    await fill('ended')
    await using plain = await plainMariadb(MARIADB.url)
    await plain.query(`update ended set v = 'other' where id < 20`)
    await using left = postgres(POSTGRES.url)
    await using right = mysql(MARIADB.url)
    const drain = new AbortController()
    const flow = check.tables({ left: left.table('ended'), right: right.table('ended') })
    const begun = deferred()
    // It cannot end by itself: the second look would come in a minute.
    const checking = flow.check?.(contextOf(drain.signal), { settleMs: 60_000, begun: () => begun.resolve() })
    await begun.promise
    drain.abort()
    const report: TablesReport | undefined = await checking?.then((found) =>
      found?.kind === 'tables' ? found : undefined,
    )
    expect(report?.verdict).toBe('unverified')
  })
})

describe('a user without the right to read', () => {
  it('is named by a ConfigError, with the GRANT to give', async () => {
    await fill('secret')
    await using plain = await plainMariadb(MARIADB.url)
    await using client = await plainClient(POSTGRES.url)
    const user = `reader_${MARIADB.name.slice(-6)}`
    await plain.query(`create user '${user}'@'%' identified by 'pw'`)
    await plain.query(`grant create on ${MARIADB.name}.* to '${user}'@'%'`)
    await client.query(`create role ${user} login password 'pw'`)
    try {
      const url = new URL(POSTGRES.url)
      url.username = user
      url.password = 'pw'
      await using left = postgres(url.href)
      await using right = postgres(POSTGRES.url)
      await using maria = mysql(MARIADB.urlOf({ user, password: 'pw' }))
      const ofPostgres = check.tables({ left: left.table('secret'), right: maria.table('secret') })
      const denied = { name: 'ConfigError', code: expect.stringMatching(/permission-denied|table-missing/) }
      await expect(ofPostgres.check?.(contextOf(), {})).rejects.toMatchObject(denied)
      const ofMaria = check.tables({ left: right.table('secret'), right: maria.table('secret') })
      await expect(ofMaria.check?.(contextOf(), {})).rejects.toMatchObject({
        ...denied,
        fix: expect.stringMatching(/grant/i),
      })
      const onlyLeft = check.tables({ left: left.table('secret'), right: right.table('secret'), where: 'id > 1' })
      await expect(onlyLeft.check?.(contextOf(), {})).rejects.toMatchObject({
        code: 'permission-denied',
        fix: expect.stringContaining('GRANT'),
      })
    } finally {
      await plain.query(`drop user '${user}'@'%'`)
      await client.query(`drop role ${user}`)
    }
  })
})
