import { beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { sqlite } from '../../../src/adapters/sqlite/index.js'
import type { ColumnRef } from '../../../src/core/database.js'
import type { Diagnosis } from '../../../src/core/diagnosis.js'
import type { Aggregate, ColumnOptions } from '../../../src/core/groups.js'
import { check } from '../../../src/flows/check/check.js'
import { sum } from '../../../src/flows/check/references/aggregates.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { checkReferences } from '../references/plan.js'

const signal = AbortSignal.timeout(240_000)
const ROWS = 150_000

/** A database whose columns can be counted. */
interface Countable extends AsyncDisposable {
  table(name: string): { column(name: string, options?: ColumnOptions): ColumnRef }
}

interface Engine {
  /** A flow's own view of the database, and a bare client's. */
  open(): Countable
  run(statement: string): Promise<void>
  /** Names of all indexes. */
  indexes(): Promise<readonly string[]>
  /** Bytes of an index by its columns; `undefined` where the server does not say. */
  size(table: string): Promise<number | undefined>
}

async function adviceOf(engine: Engine, name: string, more: { of?: Aggregate; where?: string } = {}) {
  await using database = engine.open()
  const { where, ...of } = more
  const column = database.table('refs').column(name, where === undefined ? {} : { where })
  const master = database.table('blobs').column('n')
  const found = await check.references({ master, references: [column], ...of }).diagnose(signal)
  expect(found).toHaveLength(2)
  expect(found[0]).toMatchObject({ level: 'ok' })
  const [, advice] = found
  return advice ?? expect.fail('nothing was said of the column')
}

async function follow(engine: Engine, { fix = '' }: Diagnosis): Promise<void> {
  await engine.run(fix)
}

function suite(name: string, engine: Engine, has: { readonly bytes: boolean; readonly planner: boolean }): void {
  describe(name, () => {
    it('advises an index on a column without one, says what is read now and then, and creates nothing', async () => {
      const before = await engine.indexes()
      const advice = await adviceOf(engine, 'bare')
      expect(advice).toMatchObject({ level: 'warn', message: expect.stringContaining('no index brings bare in order') })
      const { index } = advice
      expect(index).toMatchObject({ columns: ['bare'], statement: advice.fix })
      const [count, look] = index?.reads ?? []
      for (const read of [count, look]) {
        expect(read?.now.rows).toBeGreaterThan(ROWS * 0.8)
        expect(read?.now.rows).toBeLessThan(ROWS * 1.3)
        if (has.bytes) expect(read?.now.bytes).toBeGreaterThan(1_000_000)
        if (has.planner) expect(read?.now.planner).toBeGreaterThan(1_000)
      }
      if (has.planner) expect(count?.after.planner).toBeLessThan(count?.now.planner ?? 0)
      expect(await engine.indexes()).toEqual(before)
    })

    it('is silent once its statement was run, which makes an index of about the size it said', async () => {
      const advice = await adviceOf(engine, 'bare')
      await follow(engine, advice)
      expect(await adviceOf(engine, 'bare')).toMatchObject({ level: 'ok' })
      const size = await engine.size('bare')
      if (size !== undefined) {
        expect(advice.index?.sizeBytes).toBeGreaterThan(size / 2)
        expect(advice.index?.sizeBytes).toBeLessThan(size * 2)
      }
    })

    it('lets a sum read from an index alone', async () => {
      const advice = await adviceOf(engine, 'summed', { of: sum('bytes') })
      expect(advice).toMatchObject({ level: 'warn', index: { columns: ['summed', 'bytes'] } })
      await follow(engine, advice)
      expect(await adviceOf(engine, 'summed', { of: sum('bytes') })).toMatchObject({ level: 'ok' })
    })

    it('is not led astray: a second column of an index does not count, the first of a wider one does', async () => {
      expect(await adviceOf(engine, 'second')).toMatchObject({ level: 'warn' })
      expect(await adviceOf(engine, 'first')).toMatchObject({ level: 'ok' })
      expect(await adviceOf(engine, 'fine')).toMatchObject({ level: 'ok' })
    })

    it('says nothing of a table that is read in no time', async () => {
      await using database = engine.open()
      const flow = check.references({
        master: database.table('blobs').column('n'),
        references: [database.table('few').column('blob_id')],
      })
      expect((await flow.diagnose(signal)).map(({ level }) => level)).toEqual(['ok', 'ok'])
    })
  })
}

const COLUMNS = 'bare bigint, summed bigint, bytes bigint, first bigint, second bigint, fine bigint, odd bigint'

describe('what doctor says of indexes for check.references, on PostgreSQL', () => {
  const pg = testDatabase('a')
  beforeAll(async () => {
    await using client = await plainClient(pg.url)
    // VACUUM takes rows for visible to all only when their commit is on disk.
    await client.query('set synchronous_commit = on')
    await client.query(`create table blobs (id bigint primary key, n int); create table few (id int primary key, blob_id bigint);
      create table refs (id int primary key, ${COLUMNS}, filler text);
      insert into refs select n, n % 5003, n % 5003, n % 999, n % 5003, n % 5003, n % 5003, n % 5003, repeat('x', 60) from generate_series(1, ${ROWS}) n;
      create index on refs (first, second); create index on refs (fine); create index on refs (odd) where odd % 2 = 1`)
    await client.query('vacuum analyze refs')
  })
  const postgresEngine: Engine = {
    open: () => postgres(pg.url),
    async run(statement) {
      await using client = await plainClient(pg.url)
      await client.query(statement)
    },
    async indexes() {
      await using client = await plainClient(pg.url)
      const { rows } = await client.query<{ name: string }>(
        `select indexname as name from pg_indexes where tablename = 'refs' order by 1`,
      )
      return rows.map((row) => row.name)
    },
    async size(column) {
      await using client = await plainClient(pg.url)
      const { rows } = await client.query<{ bytes: string }>(`select pg_relation_size('refs_${column}_idx') as bytes`)
      return Number(rows[0]?.bytes)
    },
  }
  suite('its tables', postgresEngine, { bytes: true, planner: true })

  it('takes no index of PostgreSQL that is invalid or over other rows, and one over the rows of the filter', async () => {
    expect(await adviceOf(postgresEngine, 'odd')).toMatchObject({ level: 'warn' })
    expect(await adviceOf(postgresEngine, 'odd', { where: 'odd % 2 = 1' })).toMatchObject({ level: 'ok' })
    expect(await adviceOf(postgresEngine, 'odd', { where: 'odd % 2 = 0' })).toMatchObject({ level: 'warn' })
    await postgresEngine.run(`update pg_index set indisvalid = false where indexrelid = 'refs_fine_idx'::regclass`)
    expect(await adviceOf(postgresEngine, 'fine')).toMatchObject({ level: 'warn' })
  })
})

describe('what doctor says of indexes for check.references, on MariaDB', () => {
  const maria = testMariadb()
  beforeAll(async () => {
    await mariadbQuery(
      maria.url,
      `create table blobs (id bigint primary key, n int); create table few (id int primary key, blob_id bigint);
      create table refs (id int primary key, ${COLUMNS}, filler text,
        index (first, second), index fine (fine), index hidden (odd) ignored);
      insert into refs select seq, seq % 5003, seq % 5003, seq % 999, seq % 5003, seq % 5003, seq % 5003, seq % 5003, repeat('x', 60) from seq_1_to_${ROWS};
      analyze table refs`,
    )
  })
  const mariadbEngine: Engine = {
    open: () => mysql(maria.url),
    run: async (statement) => void (await mariadbQuery(maria.url, statement)),
    indexes: async () => (await mariadbQuery(maria.url, 'show index from refs')).map((row) => String(row['Key_name'])),
    async size(column) {
      await mariadbQuery(maria.url, 'analyze table refs')
      const [row] = await mariadbQuery(
        maria.url,
        `select stat_value * @@innodb_page_size as bytes from mysql.innodb_index_stats
          where database_name = '${maria.name}' and table_name = 'refs' and index_name = '${column}' and stat_name = 'size'`,
      )
      return Number(row?.['bytes'])
    },
  }
  suite('its tables', mariadbEngine, { bytes: true, planner: false })

  it('takes no index of MariaDB that the server was told to ignore, and the check still counts', async () => {
    expect(await adviceOf(mariadbEngine, 'odd')).toMatchObject({ level: 'warn' })
    await using database = mariadbEngine.open()
    const options = { master: database.table('blobs').column('n'), references: [database.table('refs').column('odd')] }
    expect((await checkReferences({ ...options, settleMs: 1 })).report).toMatchObject({
      orphan: 5_003,
      total: ROWS,
    })
  })
})

describe('what doctor says of indexes for check.references, on SQLite', () => {
  let file: DatabaseFile
  beforeAll(async () => {
    file = await DatabaseFile.make()
    using client = file.client()
    await client.executeMultiple(`create table blobs (id integer primary key, n integer); create table few (id integer primary key, blob_id integer);
        create table refs (id integer primary key, ${COLUMNS});
        with recursive s(n) as (select 1 union all select n + 1 from s where n < ${ROWS})
          insert into refs select n, n % 5003, n % 5003, n % 999, n % 5003, n % 5003, n % 5003, n % 5003 from s;
        create index refs_first on refs (first, second); create index refs_fine on refs (fine);
        create index refs_odd on refs (odd) where odd > 2; create view refs_bare as select 1`)
    return () => file[Symbol.asyncDispose]()
  })
  const engine: Engine = {
    open: () => sqlite(file.path),
    async run(statement) {
      using client = file.client()
      await client.execute(statement)
    },
    async indexes() {
      using client = file.client()
      const { rows } = await client.execute(`select name from sqlite_schema where type = 'index' order by 1`)
      return rows.map((row) => String(row['name']))
    },
    size: async () => undefined,
  }
  suite('a file', engine, { bytes: false, planner: false })

  it('takes a partial index for the rows of its filter only', async () => {
    expect(await adviceOf(engine, 'odd')).toMatchObject({ level: 'warn' })
    expect(await adviceOf(engine, 'odd', { where: 'odd > 2' })).toMatchObject({ level: 'ok' })
  })
})
