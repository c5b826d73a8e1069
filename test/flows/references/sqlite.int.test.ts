import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/database.js'
import { sqlite } from '../../../src/adapters/sqlite/database.js'
import { max, sum } from '../../../src/flows/check/references/aggregates.js'
import { testDatabase } from '../../support/postgres.js'
import { query } from '../../support/sql.js'
import { checkReferences } from './plan.js'

const P = testDatabase('a')
let folder = ''
const file = (): string => join(folder, 'refs.db')

async function run(...statements: readonly string[]): Promise<void> {
  const client = createClient({ url: `file:${file()}` })
  await client.batch([...statements], 'write')
  client.close()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-'))
  const numbers = (most: number): string =>
    `with recursive s(n) as (select 1 union all select n + 1 from s where n < ${most}) select`
  await run(
    'create table refs (id integer primary key, blob_id integer, name text, bytes integer)',
    `insert into refs ${numbers(30_000)} n, case when n % 10 = 0 then null when n % 10 = 1 then 0 else 1 + (n * n) % 5003 end, 'é' || (n % 700), n from s`,
    'create index refs_blob on refs (blob_id)',
  )
  await query(
    P.url,
    `create table blobs (id bigint primary key, n int, bytes bigint, latest bigint); create table names (name text primary key, n int)`,
  )
  const client = createClient({ url: `file:${file()}` })
  const { rows } = await client.execute(
    'select blob_id, count(*), sum(bytes), max(bytes) from refs where blob_id > 0 group by 1',
  )
  const names = await client.execute('select name, count(*) from refs group by 1')
  client.close()
  await query(
    P.url,
    `insert into blobs values ${rows.map((row) => `(${[row[0], row[1], row[2], row[3]].join(',')})`).join(',')}`,
  )
  await query(
    P.url,
    `insert into names values ${names.rows.map((row) => `('${String(row[0])}', ${String(row[1])})`).join(',')}`,
  )
})

afterAll(() => rm(folder, { recursive: true }))

it('counts, sums and takes the greatest in a SQLite file, with and without an index', async () => {
  await using archive = sqlite(file())
  await using main = postgres(P.url)
  const refs = archive.table('refs').column('blob_id')
  const common = { references: [refs], none: [0], settleMs: 10 }
  const blobs = main.table('blobs')
  for (let turn = 0; turn < 2; turn++) {
    const counted = await checkReferences({ ...common, master: blobs.column('n') })
    expect(counted).toMatchObject({ report: { verdict: 'same', total: 24_000 }, findings: [] })
    expect((await checkReferences({ ...common, master: blobs.column('bytes'), of: sum('bytes') })).findings).toEqual([])
    expect((await checkReferences({ ...common, master: blobs.column('latest'), of: max('bytes') })).findings).toEqual(
      [],
    )
    await run('drop index if exists refs_blob')
  }
  const names = {
    master: main.table('names').column('n'),
    references: [archive.table('refs').column('name')],
    settleMs: 10,
  }
  expect((await checkReferences(names)).report).toMatchObject({ verdict: 'same', master: { rows: 700 } })
})

it('finds what is wrong, and keys of mixed types', async () => {
  await using archive = sqlite(file())
  await using main = postgres(P.url)
  const check = {
    master: main.table('blobs').column('n'),
    references: [archive.table('refs').column('blob_id')],
    none: [0],
    settleMs: 10,
  }
  await query(
    P.url,
    'update blobs set n = n + 2 where id = 5; insert into blobs (id, n) values (9223372036854775807, 4)',
  )
  await run('insert into refs (id, blob_id) values (40000, -9223372036854775808), (40001, 900000)')
  const { byKey, findings } = await checkReferences(check, { details: { findings: 9, rows: 9 } })
  expect([...byKey]).toEqual([
    ['-9223372036854775808', 'orphan undefined 1'],
    ['5', expect.stringMatching(/^mismatch/)],
    ['900000', 'orphan undefined 1'],
    ['9223372036854775807', 'unreferenced 4 0'],
  ])
  expect(findings[0]?.sources[0]?.rows).toEqual([['40000']])
  await run(`insert into refs (id, blob_id) values (40002, 'five')`)
  await expect(checkReferences(check)).rejects.toMatchObject({ code: 'column-mixed-types' })
})

it('refuses to recount a sample', async () => {
  await using archive = sqlite(file())
  const plan = { master: archive.table('refs').column('bytes'), references: [archive.table('refs').column('blob_id')] }
  await expect(checkReferences(plan, { sample: { share: 0.01 } })).rejects.toMatchObject({
    name: 'ConfigError',
    key: 'flows.blobs',
  })
})
