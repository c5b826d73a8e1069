import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Binaries, copyBinaries } from '../../src/embedded/binaries.js'
import { EmbeddedServer } from '../../src/embedded/server.js'
import { startHostileWriters } from './hostile-run.js'
import { acknowledgedMinusStored, countRows, tablesIdentical } from './oracle.js'

let binaries: Binaries
let server: EmbeddedServer
let folder: string

beforeAll(async () => {
  binaries = await copyBinaries()
  server = await EmbeddedServer.start(binaries, { settings: { max_prepared_transactions: '30' } })
  folder = await mkdtemp(join(tmpdir(), 'lockstep-hostile-'))
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await binaries[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function run(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

async function twoDatabases(name: string, table: readonly string[]): Promise<{ a: string; b: string }> {
  const urls = { a: server.url(`${name}_a`), b: server.url(`${name}_b`) }
  await run(server.url(), `create database ${name}_a`, `create database ${name}_b`)
  await Promise.all([run(urls.a, ...table), run(urls.b, ...table)])
  return urls
}

describe('the hostile writers', () => {
  it.each([
    { name: 'plain', table: ['create table t (id uuid primary key, value text)'], updates: false },
    {
      name: 'sequenced',
      table: [
        'create sequence ids cache 50',
        "create table t (key uuid primary key, value text, id bigint not null default nextval('ids'))",
      ],
      updates: false,
    },
    {
      name: 'versioned',
      table: ['create table t (id bigserial primary key, value text, version bigint not null default 1)'],
      updates: true,
    },
  ])('leave on a $name table just what they say they committed', async ({ name, table, updates }) => {
    const urls = await twoDatabases(name, table)
    const acknowledged = join(folder, name)
    const disturb = ['vacuum', 'vacuum-full', 'cluster'] as const
    await using hostile = startHostileWriters({
      ...{ ...urls, table: 't', seconds: 6, seed: 3, updates, disturb, openElsewhere: true, acknowledged },
    })
    const result = await hostile.result
    expect(result.a.inDoubt + result.b.inDoubt).toBe(0)
    expect({ ...result.a.errors, ...result.b.errors }).toEqual({})
    expect(await countRows(urls.a, 't')).toBe(result.a.acknowledged)
    expect(await countRows(urls.b, 't')).toBe(result.b.acknowledged)
    const missing = await acknowledgedMinusStored(acknowledged, urls.a, 't')
    const onB = (await readFile(acknowledged, 'utf8')).split('\n').filter((line) => line.includes('"side":"b"'))
    if (name !== 'versioned') expect(missing).toHaveLength(onB.length)
    expect(missing.filter((each) => each.side === 'a')).toEqual([])
    expect(Math.min(...Object.values(result.a.actions))).toBeGreaterThan(0)
    expect(result.disturbed['vacuum']).toBeGreaterThan(0)
  })

  it('survive a server that is killed, and know which commits nobody answered', async () => {
    const urls = await twoDatabases('killed', ['create table t (id uuid primary key, value text)'])
    const acknowledged = join(folder, 'killed')
    await using hostile = startHostileWriters({ ...urls, table: 't', seconds: 60, seed: 4, acknowledged })
    await expect.poll(() => countRows(urls.a, 't'), { timeout: 30_000 }).toBeGreaterThan(100)
    await server.kill()
    await server.start()
    const rows = await countRows(urls.a, 't')
    await expect.poll(() => countRows(urls.a, 't'), { timeout: 30_000 }).toBeGreaterThan(rows + 100)
    hostile.process.kill('SIGTERM')
    const result = await hostile.result
    const missing = await acknowledgedMinusStored(acknowledged, urls.a, 't')
    expect(missing.filter((each) => each.side === 'a')).toEqual([])
    const surplus = (await countRows(urls.a, 't')) - result.a.acknowledged
    expect(surplus).toBeGreaterThanOrEqual(0)
    expect(surplus).toBeLessThanOrEqual(result.a.inDoubt)
  })
})

describe('the oracle', () => {
  it('sees a row that is missing, one too many and one that differs', async () => {
    const fill = [
      'create table t (place int, id text primary key, value numeric)',
      "insert into t select n, case n % 3 when 0 then 'Ä' when 1 then 'b' else 'B' end || n, 1.0 from generate_series(1, 5000) n",
    ]
    const { a, b } = await twoDatabases('oracle', fill)
    expect(await tablesIdentical(a, b, 't')).toMatchObject({ identical: true, a: { rows: 5000 }, sample: [] })
    await run(b, "delete from t where id = 'b1'", "update t set value = 1.00 where id = 'B2'")
    await run(a, "delete from t where id = 'Ä3'")
    const { identical, sample } = await tablesIdentical(a, b, 't')
    expect(identical).toBe(false)
    expect(sample).toEqual(['- B2\t2\tB2\t1.0', '+ B2\t2\tB2\t1.00', '- b1\t1\tb1\t1.0', '+ Ä3\t3\tÄ3\t1.0'])
  })
})
