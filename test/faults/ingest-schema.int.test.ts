import { beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, EXIT } from '../../src/core/errors.js'
import { Feeding, type IngestRun, startIngestRun } from '../support/ingest/ingest-run.js'
import { mariadbTarget, postgresTarget } from '../support/ingest/target.js'
import { mariadbQuery, plainMariadb, testMariadb } from '../support/mariadb.js'
import { plainClient, testDatabase } from '../support/postgres.js'
import { query, value } from '../support/sql.js'

const postgres = testDatabase().url
const mariadb = testMariadb().url

const WAITING = `select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`

const TARGETS = [
  {
    name: 'PostgreSQL',
    target: postgresTarget(postgres),
    sql: (text: string): Promise<unknown> => query(postgres, text),
    client: () => plainClient(postgres),
    waiting: async () => Number(await value(postgres, WAITING)),
    deadlocks: async () =>
      Number(await value(postgres, 'select deadlocks from pg_stat_database where datname = current_database()')),
  },
  {
    name: 'MariaDB',
    target: mariadbTarget(mariadb),
    sql: (text: string): Promise<unknown> => mariadbQuery(mariadb, text),
    client: () => plainMariadb(mariadb),
    waiting: async () => {
      // A transaction that waits with its first row is in none of InnoDB's lists yet.
      const [row] = await mariadbQuery(
        mariadb,
        `select count(*) as n from information_schema.processlist
          where db = database() and command = 'Query' and time_ms > 300 and id <> connection_id()`,
      )
      return Number(row?.['n'])
    },
    deadlocks: async () => {
      const [row] = await mariadbQuery(mariadb, `show global status like 'Innodb_deadlocks'`)
      return Number(row?.['Value'])
    },
  },
]

/** Few items in a batch: a flow that only looks at how many of many are bad would make dead letters of them all. */
const FEW = { batchItems: 5 }
const MAX_TURNS = 30

describe.each(TARGETS)('ALTER TABLE on $name while a flow writes to it', ({ target, sql }) => {
  beforeEach(() => target.reset())

  async function running(work: (run: IngestRun, feeding: Feeding) => Promise<void>): Promise<void> {
    using feeding = new Feeding()
    await using run = startIngestRun(feeding.stream, target, FEW)
    await feeding.goesOn(50)
    await work(run, feeding)
  }

  test.each([
    ['a column is added', `alter table readings add note varchar(20) default 'none'`],
    ['a column is made wider', 'alter table readings modify value text not null'],
    ['a column that no row carries is dropped', 'alter table readings drop column spare'],
  ])('%s: it goes on', async (what, change) => {
    await sql('alter table readings add spare int')
    const postgres = change.replace('modify value text not null', 'alter value type text')
    await running(async (run, feeding) => {
      await sql(target.setup.engine === 'postgres' ? postgres : change)
      await feeding.goesOn()
      await feeding.settle(run, target)
      expect(run.of('retry'), what).toEqual([])
    })
  })

  const breaking: readonly Breaking[] = [
    {
      what: 'a column is dropped',
      change: 'alter table readings drop column value',
      code: 'column-missing',
      // What was in it is gone with it, so all is read again.
      cure: `alter table readings add value varchar(200) not null default ''; delete from readings; delete from effects;
        delete from audit; delete from ${target.setup.engine === 'postgres' ? 'lockstep.' : 'lockstep_'}checkpoints`,
    },
    {
      what: 'a column is renamed',
      change: 'alter table readings rename column value to renamed',
      code: 'column-missing',
      cure: 'alter table readings rename column renamed to value',
    },
    {
      what: 'a column comes that must have a value',
      change: 'alter table readings add needed int not null default 0; alter table readings alter needed drop default',
      code: 'column-required',
      cure: 'alter table readings drop column needed',
    },
    {
      what: 'the table is renamed',
      change: 'alter table readings rename to gone',
      code: 'table-missing',
      cure: 'alter table gone rename to readings',
    },
  ]
  test.each(breaking)(
    '$what: the flow stops and blames no message; after the cure it goes on',
    ({ change, code, cure }) =>
      running(async (run, feeding) => {
        await sql(change)
        const error: unknown = await run.ended.catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(ConfigError)
        expect(error).toMatchObject({ exitCode: EXIT.config, code, fix: expect.stringMatching(/\w+/) })
        expect(await target.letters()).toEqual([])
        feeding.pause()
        await sql(cure)
        await using again = startIngestRun(feeding.stream, target, FEW)
        await feeding.settle(again, target)
      }),
  )
})

interface Breaking {
  readonly what: string
  readonly change: string
  readonly code: string
  readonly cure: string
}

const NUMBERS = `with recursive n (n) as (select 1 union all select n + 1 from n where n < 900) select n from n`

describe.each(TARGETS)('locks on $name', ({ target, client, sql, waiting, deadlocks }) => {
  beforeEach(async () => {
    await target.reset()
    await sql('drop table if exists heavy; create table heavy (n int)')
  })

  test('a row that an open transaction holds is waited for: red health, no dead letter', async () => {
    using feeding = new Feeding()
    await using run = startIngestRun(feeding.stream, target, { database: { lockMs: 1_000 } })
    await feeding.goesOn()
    const [first] = await target.rows()
    const sensor = first?.sensor ?? 0
    await using holder = await client()
    await holder.query('begin')
    await holder.query(`select * from readings where sensor = ${sensor} for update`)
    await expect.poll(() => run.red()).toEqual([expect.stringMatching(/lock-timeout/)])
    feeding.pause()
    await holder.query('rollback')
    await feeding.settle(run, target)
    expect(new Set(run.of('retry').map(({ lane }) => lane))).toEqual(new Set([`lane-${sensor % 4}`]))
  })

  test('a deadlock with another writer is tried again, and nobody is told', async () => {
    using feeding = new Feeding()
    await using run = startIngestRun(feeding.stream, target)
    await feeding.goesOn(2_000)
    const sensors = (await target.rows()).map(({ sensor }) => sensor).filter((sensor) => sensor % 4 === 0)
    const before = await deadlocks()
    // Whom a server chooses as the victim is a matter of moments; the flow must be it at least once.
    let writerFell = 0
    const flowFell = async () => (await deadlocks()) - before - writerFell
    // A batch that holds that one row only waits and is in nobody's way, so it takes some turns.
    for (let turn = 0; turn < 3 || (turn < MAX_TURNS && (await flowFell()) <= 0); turn++) {
      await using writer = await client()
      await writer.query('begin')
      // Who has changed more rows is not the victim of MariaDB.
      await writer.query(`insert into heavy ${NUMBERS}`)
      await writer.query(`update readings set version = version where sensor = ${Math.max(...sensors)}`)
      await expect.poll(waiting).toBeGreaterThan(0)
      try {
        await writer.query(`update readings set version = version where sensor in (${sensors.join()})`)
        await writer.query('commit')
      } catch (error) {
        expect(String(error)).toMatch(/deadlock/i)
        writerFell++
        await writer.query('rollback')
      }
    }
    await expect.poll(flowFell).toBeGreaterThan(0)
    await feeding.settle(run, target)
    expect(run.of('health')).toEqual([])
  })
})
