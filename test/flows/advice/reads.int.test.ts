import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/index.js'
import { folder } from '../../../src/adapters/objects/files/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { sqlite } from '../../../src/adapters/sqlite/index.js'
import type { Database } from '../../../src/core/database.js'
import type { Diagnosis } from '../../../src/core/diagnosis.js'
import { check } from '../../../src/flows/check/check.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

const signal = AbortSignal.timeout(240_000)
const ROWS = 120_000
const PG = testDatabase('a')
const MARIA = testMariadb()
let place = ''
let file: DatabaseFile

async function pg(statement: string): Promise<void> {
  await using client = await plainClient(PG.url)
  await client.query(statement)
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'lockstep-'))
  await pg(`create table items (id int primary key, status text, at timestamptz not null, rev bigint, filler text);
    insert into items select n, case when n % 5000 = 0 then 'open' else 'done' end, '2026-01-01'::timestamptz + n * interval '1 second', n, repeat('x', 50)
      from generate_series(1, ${ROWS}) n;
    create table copies (like items including all); insert into copies select * from items;
    create table few (like items including all); insert into few select * from items limit 100`)
  await pg('analyze')
  await mariadbQuery(
    MARIA.url,
    `create table items (id int primary key, status varchar(9), at datetime(6), rev bigint);
     insert into items select seq, 'done', now(6), seq from seq_1_to_${ROWS}; analyze table items`,
  )
  file = await DatabaseFile.make()
  using client = file.client()
  await client.executeMultiple(`create table items (id integer primary key, rev integer);
    with recursive s(n) as (select 1 union all select n + 1 from s where n < ${ROWS}) insert into items select n, n from s`)
})
afterAll(async () => {
  await rm(place, { recursive: true })
  await file[Symbol.asyncDispose]()
})

const warnings = (found: readonly Diagnosis[]): readonly Diagnosis[] => found.filter(({ level }) => level !== 'ok')

describe('what doctor says of indexes for check.tables', () => {
  async function diagnose(
    where?: string | { left?: string; right?: string },
    right = 'copies',
  ): Promise<readonly Diagnosis[]> {
    await using database = postgres(PG.url)
    const tables = { left: database.table('items'), right: database.table(right) }
    return await check.tables({ ...tables, ...(where === undefined ? {} : { where }) }).diagnose(signal)
  }
  const WHOLE = expect.objectContaining({
    level: 'ok',
    message: expect.stringMatching(/in one scan; no index would make/),
  })

  it('says that none would help where all rows are read, and nothing of a small table', async () => {
    const found = await diagnose()
    expect(warnings(found)).toEqual([])
    expect(found.filter(({ message }) => message.includes('one scan'))).toEqual([WHOLE, WHOLE])
    expect(found.at(-1)?.message).toBe('can be compared')
    expect((await diagnose(undefined, 'few')).filter(({ message }) => message.includes('one scan'))).toEqual([WHOLE])
  })

  it('advises one for a filter that keeps few of many rows, and is silent once it is there', async () => {
    const advised = warnings(await diagnose({ left: "status = 'open'" }))
    expect(advised).toMatchObject([
      {
        level: 'warn',
        message: expect.stringMatching(/keeps about [\d,]+ of about 120,000 rows/),
        index: { columns: ['status'] },
      },
    ])
    expect(advised[0]?.index?.reads[0]?.now.rows).toBeGreaterThan(100_000)
    expect(advised[0]?.index?.reads[0]?.after.rows).toBeLessThan(1_000)
    await pg(advised[0]?.fix ?? '')
    expect(warnings(await diagnose({ left: "status = 'open'" }))).toEqual([])
  })

  it('gives no statement where it cannot be sure, nor for a filter that keeps most', async () => {
    const unsure = await diagnose({ right: "status = 'open' and filler > ''" })
    expect(warnings(unsure)).toEqual([])
    expect(unsure).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('an index that serves it') }),
    )
    expect(warnings(await diagnose({ right: "status = 'done'" }))).toEqual([])
  })
})

describe('what doctor says of indexes for an incremental feed', () => {
  const rest = () => ({ name: 'items', to: folder(place) })

  it('advises one on the column of since, which is gone once its statement was run', async () => {
    const time = { column: 'at', overlapMs: 1_000 }
    const number = { column: 'rev', overlap: 10 }
    const cases = [
      {
        column: 'at',
        flowOf: () => {
          const database = postgres(PG.url)
          return { database, flow: feed({ ...rest(), from: database.table('items'), since: time }) }
        },
        run: pg,
      },
      {
        column: 'at',
        flowOf: () => {
          const database = mysql(MARIA.url)
          return { database, flow: feed({ ...rest(), from: database.table('items'), since: time }) }
        },
        run: (sql: string) => mariadbQuery(MARIA.url, sql),
      },
      {
        column: 'rev',
        flowOf: () => {
          const database = sqlite(file.path)
          return { database, flow: feed({ ...rest(), from: database.table('items'), since: number }) }
        },
        run: async (sql: string) => {
          using client = file.client()
          await client.execute(sql)
        },
      },
    ]
    for (const { flowOf, column, run } of cases) {
      const { database: opened, flow } = flowOf()
      await using database: Database = opened
      const advised = warnings(await flow.diagnose(signal))
      expect(advised, database.engine).toMatchObject([
        { level: 'warn', message: expect.stringContaining(`no index begins with ${column}`) },
      ])
      await run(advised[0]?.fix ?? '')
      const after = await flow.diagnose(signal)
      expect(warnings(after)).toEqual([])
      expect(after).toContainEqual(expect.objectContaining({ message: expect.stringContaining('by an index on') }))
    }
  })

  it('tells a filter that the database does not understand', async () => {
    await using database = postgres(PG.url)
    const flow = feed({ name: 'items', from: database.table('items'), where: 'no_such = 1', to: folder(place) })
    expect(warnings(await flow.diagnose(signal))).toMatchObject([
      { level: 'error', message: expect.stringContaining('filter') },
    ])
  })
})
