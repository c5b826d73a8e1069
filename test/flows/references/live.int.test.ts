import { expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import { postgres } from '../../../src/adapters/postgres/database.js'
import type { ReferencesCheck } from '../../../src/flows/check/references/options.js'
import { mariadbQuery, plainMariadb, testMariadb } from '../../support/mariadb.js'
import { dedicatedServer, plainClient, testDatabase } from '../../support/postgres.js'
import { query } from '../../support/sql.js'
import { checkReferences } from './plan.js'

const P = testDatabase('a')
const M = testMariadb()
const BLOBS = 20_000

/** Blobs in PostgreSQL with five references each, of two tables in MariaDB; blob 17 is wrong by one. */
async function fill(table: string): Promise<void> {
  await query(
    P.url,
    `create table ${table} (id bigint primary key, n int not null);
     insert into ${table} select id, 5 from generate_series(1, ${BLOBS}) id; update ${table} set n = 6 where id = 17`,
  )
  await mariadbQuery(
    M.url,
    `create table ${table}_a (ID int primary key auto_increment, B bigint unsigned, index (B));
     create table ${table}_b (ID int primary key auto_increment, B bigint unsigned);
     insert into ${table}_a (B) select 1 + seq % ${BLOBS} from seq_1_to_${3 * BLOBS};
     insert into ${table}_b (B) select 1 + seq % ${BLOBS} from seq_1_to_${2 * BLOBS};`,
  )
}

function checkOf(table: string, main: ReturnType<typeof postgres>, other: ReturnType<typeof mysql>): ReferencesCheck {
  return {
    master: main.table(table).column('n'),
    references: [other.table(`${table}_a`).column('B'), other.table(`${table}_b`).column('B')],
    settleMs: 400,
  }
}

/** References come and go all the time, and each number follows 20 ms later. */
async function write(table: string, stop: AbortSignal): Promise<number> {
  await using main = await plainClient(P.url)
  await using other = await plainMariadb(M.url)
  let turn = 0
  for (; !stop.aborted; turn++) {
    const ids = Array.from({ length: 20 }, (_, index) => 100 + ((turn * 37 + index * 911) % (BLOBS - 100)))
    const side = turn % 2 === 0 ? 'a' : 'b'
    await other.query(`insert into ${table}_${side} (B) values ${ids.map((id) => `(${id})`).join(',')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await main.query(`update ${table} set n = n + 1 where id = any ($1)`, [ids])
  }
  return turn
}

it('reports the fault and nothing else while references and numbers are written all the time', async () => {
  await fill('moving')
  await using main = postgres(P.url)
  await using other = mysql(M.url)
  const stop = new AbortController()
  const writing = write('moving', stop.signal)
  try {
    for (let round = 0; round < 5; round++) {
      const { byKey } = await checkReferences(checkOf('moving', main, other))
      expect([...byKey]).toEqual([['17', 'mismatch 6 5']])
    }
  } finally {
    stop.abort()
  }
  expect(await writing).toBeGreaterThan(20)
  expect([...(await checkReferences(checkOf('moving', main, other))).byKey.keys()]).toEqual(['17'])
})

it('goes on from where it was when connections are cut, counts nothing twice and tells nothing wrong', async () => {
  await fill('cut')
  await using main = postgres(P.url)
  await using other = mysql(M.url)
  await using killer = await plainClient(P.url)
  await using mariadb = await plainMariadb(M.url)
  const checking = checkReferences(checkOf('cut', main, other))
  const ended = checking.then(
    () => true,
    () => true,
  )
  let cuts = 0
  for (let over = false; !over && cuts < 6; ) {
    const { rowCount } = await killer.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'lockstep check%'`,
    )
    const threads = await mariadb.query(
      `select id from information_schema.processlist where db = '${M.name}' and id <> connection_id()`,
    )
    for (const { id } of threads.slice(0, 1)) await mariadb.query(`kill ${String(id)}`).catch(() => undefined)
    cuts += (rowCount ?? 0) + threads.length
    over = await Promise.race([ended, new Promise<false>((resolve) => setTimeout(() => resolve(false), 30))])
  }
  const { report, byKey, events } = await checking
  expect(cuts).toBeGreaterThan(0)
  expect(events.some(({ type }) => type === 'retry')).toBe(true)
  expect([...byKey]).toEqual([['17', 'mismatch 6 5']])
  expect(report).toMatchObject({ master: { rows: BLOBS }, total: 5 * BLOBS })
})

it('says unverified, never same, when a server goes away for good, also between the two looks', async () => {
  await using server = await dedicatedServer()
  await query(
    server.url(),
    `create table blobs (id int primary key, n int); create table refs (id int primary key, blob int);
     insert into blobs select n, 1 from generate_series(1, 1000) n; insert into refs select n, n from generate_series(2, 1000) n`,
  )
  await using main = postgres(server.url())
  const abort = new AbortController()
  const events: string[] = []
  const { check } = await import('../../../src/flows/check/check.js')
  const flow = check.references({
    master: main.table('blobs').column('n'),
    references: [main.table('refs').column('blob')],
    settleMs: 5_000,
  })
  const start = () =>
    flow.check?.(
      {
        name: 'gone',
        observer: ({ type }) => events.push(type),
        drain: abort.signal,
        abort: abort.signal,
        untilCaughtUp: true,
      },
      {},
    )
  // The pass is over when the table was read and its connections are gone; the second look waits.
  const read = `select seq_scan + coalesce(idx_scan, 0) as n from pg_stat_user_tables where relname = 'refs'`
  const open = `select count(*) as n from pg_stat_activity where application_name like 'lockstep check%'`
  const asked = async (sql: string) => Number((await query<{ n: string }>(server.url(), sql))[0]?.n)
  const before = await asked(read)
  const running = start()
  await expect.poll(() => asked(read)).toBeGreaterThan(before)
  await expect.poll(() => asked(open)).toBe(0)
  await server.kill()
  await expect.poll(() => events.includes('retry')).toBe(true)
  abort.abort()
  expect(await running).toMatchObject({ verdict: 'unverified', mismatch: 0, unreferenced: 0 })
})

it('says of each mistake in the config what it is and what helps', async () => {
  await query(
    P.url,
    `create table loose_master (id int primary key, n int, code text unique, price float8);
     create table loose (id int, blob int, note text, ratio float8)`,
  )
  await mariadbQuery(
    M.url,
    'create table Loose_codes (ID int primary key, Code varchar(20) collate utf8mb4_general_ci)',
  )
  await using main = postgres(P.url)
  await using other = mysql(M.url)
  const master = main.table('loose_master').column('n')
  const loose = main.table('loose')
  const failing = (check: ReferencesCheck): Promise<unknown> => checkReferences(check).catch((error: unknown) => error)
  const wrong: readonly (readonly [string, ReferencesCheck])[] = [
    ['column-missing', { master, references: [loose.column('blobb')] }],
    ['table-missing', { master, references: [main.table('loos').column('blob')] }],
    ['key-type-mismatch', { master, references: [loose.column('note')] }],
    ['column-unusable', { master, references: [loose.column('ratio')] }],
    ['column-unusable', { master: main.table('loose_master').column('price'), references: [loose.column('blob')] }],
    ['where-invalid', { master, references: [loose.column('blob', { where: 'blob = = 3' })] }],
    ['option-invalid', { master, references: [loose.column('blob')], none: ['none'] }],
    ['key-not-unique', { master: loose.column('blob'), references: [loose.column('blob')] }],
    [
      'key-collation',
      {
        master: main.table('loose_master', { key: ['code'] }).column('n'),
        references: [other.table('Loose_codes').column('Code')],
      },
    ],
  ]
  for (const [code, check] of wrong) {
    expect(await failing(check), code).toMatchObject({
      code,
      key: expect.stringMatching(/^flows\.blobs/),
      fix: expect.any(String),
    })
  }
})
