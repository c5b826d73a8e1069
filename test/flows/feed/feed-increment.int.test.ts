import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { sqlite } from '../../../src/adapters/sqlite/index.js'
import { ConfigError, DataError } from '../../../src/core/errors.js'
import { diffFeeds } from '../../../src/flows/feed/diff/diff-feeds.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { ndjson } from '../../../src/flows/feed/format.js'
import { readManifest } from '../../../src/flows/feed/manifest.js'
import type { SinceOptions } from '../../../src/flows/feed/options.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { plainMariadb, testMariadb } from '../../support/mariadb.js'
import { ownServer, plainClient } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

// Which rows surely came before is decided by the oldest transaction of the whole cluster.
const server = ownServer()
const mariadb = testMariadb()
let db: ReturnType<typeof postgres>
let file: DatabaseFile

beforeAll(async () => {
  db = postgres(server.url)
  file = await DatabaseFile.make()
})
afterAll(async () => {
  await db[Symbol.asyncDispose]()
  await file[Symbol.asyncDispose]()
})

const never = new AbortController().signal

async function onPostgres(...statements: readonly string[]): Promise<void> {
  await using client = await plainClient(server.url)
  for (const statement of statements) await client.query(statement)
}

async function onMariadb(...statements: readonly string[]): Promise<void> {
  await using client = await plainMariadb(mariadb.url)
  for (const statement of statements) await client.query(statement)
}

async function onSqlite(...statements: readonly string[]): Promise<void> {
  using client = file.client()
  for (const statement of statements) await client.execute(statement)
}

/** Rows of the newest feed. */
async function rowsOf(place: Place): Promise<Record<string, unknown>[]> {
  const lines = (await place.contents()).flatMap((text) => text.split('\n').filter((line) => line !== ''))
  return lines.map((line) => JSON.parse(line))
}

const idsOf = async (place: Place): Promise<unknown[]> => (await rowsOf(place)).map(({ id }) => id)

describe.each([
  ['PostgreSQL', () => postgres(server.url), onPostgres, 'timestamptz(3)'],
  ['MariaDB', () => mysql(mariadb.url), onMariadb, 'datetime(3)'],
  ['SQLite', () => sqlite(file.path), onSqlite, 'text'],
])('an incremental feed from %s', (_, open, run, time) => {
  it('has all rows first, then those whose time is not surely older, and all again when that is asked for', async () => {
    await using database = open()
    await using place = await Place.make()
    await run(
      `create table timed (id integer primary key, at ${time})`,
      `insert into timed values (1, '2026-03-01 10:00:00.000'), (2, '2026-03-01 12:00:00.000'), (3, null)`,
    )
    const options = { from: database.table('timed'), as: ndjson(), to: place.store, keep: 2 } as const
    const hourly = feed({ ...options, since: { column: 'at', overlapMs: 3_600_000 } })
    await publish(hourly)
    expect(await idsOf(place)).toEqual([1, 2, 3])
    const first = await place.manifest()
    expect(first?.incremental).toMatchObject({ by: 'at', from: null, base: 1 })
    expect(first?.incremental?.to).toContain('2026-03-01 12:00:00')
    // Committed late, committed too late, and new.
    await run(
      `insert into timed values (4, '2026-03-01 11:00:00.001'), (5, '2026-03-01 10:59:59.000'), (6, '2026-03-01 12:00:00.001')`,
    )
    await publish(hourly)
    expect(await idsOf(place)).toEqual([2, 3, 4, 6])
    const second = await place.manifest()
    expect(second?.incremental).toMatchObject({ from: first?.incremental?.to, base: 1 })
    expect(second?.incremental?.to).toContain('2026-03-01 12:00:00.001')
    // A row from the future moves the position no further than the clock.
    await run(`insert into timed values (7, '2999-01-01 00:00:00.000')`)
    await publish(hourly)
    expect(await idsOf(place)).toContain(7)
    expect((await place.manifest())?.incremental?.to).not.toContain('2999')
    // Three feeds are kept, not two: the first is what the others add to.
    expect((await place.names()).filter((name) => name.includes('manifest'))).toHaveLength(3)
    await publish(hourly, { full: true })
    expect(await idsOf(place)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect((await place.manifest())?.incremental).toMatchObject({ from: null, base: 4 })
    await publish(feed({ ...options, where: 'id > 2', since: { column: 'at', overlapMs: 3_600_000 } }))
    expect(await idsOf(place), 'another filter: increments would mean something else').toEqual([3, 4, 5, 6, 7])
    expect((await place.names()).filter((name) => name.includes('manifest'))).toHaveLength(2)
  })

  it('goes by a number too, of a table or of a query, and is skipped when there is nothing new', async () => {
    await using database = open()
    await using place = await Place.make()
    await run(
      'create table counted (id integer primary key, version integer)',
      `insert into counted values ${Array.from({ length: 20 }, (__, at) => `(${at + 1}, ${at + 1})`).join(',')}`,
    )
    const options = { as: ndjson(), to: place.store, fullEvery: 3, whenUnchanged: 'skip' } as const
    const query = database.query('select id, version from counted where id <> 7', { key: ['id'] })
    const flow = feed({ ...options, from: query, since: { column: 'version', overlap: 4 } })
    await publish(flow)
    expect((await place.manifest())?.incremental).toMatchObject({ from: null, to: '20' })
    await run('update counted set version = 22 where id = 3', 'insert into counted values (40, 16), (41, 15)')
    await publish(flow)
    expect(await idsOf(place)).toEqual([3, 16, 17, 18, 19, 20, 40])
    expect((await place.manifest())?.incremental).toMatchObject({ from: '20', to: '22' })
    await run('update counted set version = 30 where id = 3')
    await publish(flow)
    expect(await idsOf(place)).toEqual([3, 18, 19, 20])
    await publish(flow)
    expect(await place.manifest(), 'the third after a feed with all rows has all rows').toMatchObject({
      rows: 21,
      sequence: 4,
      incremental: { from: null, base: 4 },
    })
    await run('delete from counted where version > 21')
    await publish(flow)
    expect((await place.manifest())?.sequence, 'nothing is as new as 26').toBe(4)
  })

  it('refuses a column that is none, or is not what its overlap says', async () => {
    await using database = open()
    await using place = await Place.make()
    await run(
      'create table odd (id integer primary key, at blob)'.replace(
        'blob',
        time === 'timestamptz(3)' ? 'bytea' : 'blob',
      ),
    )
    const refused = async (since: SinceOptions): Promise<unknown> => {
      return publish(feed({ from: database.table('odd'), to: place.store, since })).catch((error: unknown) => error)
    }
    expect(await refused({ column: 'no_such', overlap: 1 })).toMatchObject({
      code: 'column-missing',
      constructor: ConfigError,
    })
    if (time === 'text') return
    expect(await refused({ column: 'id', overlapMs: 1 })).toMatchObject({
      code: 'since-unsupported',
      fix: expect.stringContaining('overlap: '),
    })
    expect(await refused({ column: 'at', overlap: 1 })).toMatchObject({
      code: 'since-unsupported',
      constructor: ConfigError,
    })
  })

  it('cannot tell by transactions, unless the rows are those of a table of PostgreSQL', async () => {
    await using database = open()
    await using place = await Place.make()
    const from = database.query('select 1 as id', { key: ['id'] })
    const flow = feed({ from, to: place.store, since: 'last-run' })
    await expect(publish(flow)).rejects.toMatchObject({ code: 'since-unsupported', constructor: ConfigError })
  })
})

describe('a feed of what is new since the last run', () => {
  it('has the rows of transactions that were slow, wherever their versions stand', async () => {
    await using place = await Place.make()
    await onPostgres(
      'create table late (id int primary key, at timestamptz default now(), note text)',
      'insert into late select n from generate_series(1, 100) n',
    )
    const flow = feed({ from: db.table('late'), where: 'id <> 13', as: ndjson(), to: place.store, since: 'last-run' })
    await using slow = await plainClient(server.url)
    await using nested = await plainClient(server.url)
    await slow.query('begin; insert into late values (101)')
    await nested.query(
      'begin; savepoint a; insert into late values (102); savepoint b; update late set note = $$x$$ where id = 5; release b',
    )
    await publish(flow)
    expect(await rowsOf(place)).toHaveLength(99)
    await onPostgres('insert into late values (103), (104)')
    await publish(flow)
    const { incremental } = (await place.manifest()) ?? {}
    expect(await idsOf(place)).toEqual([103, 104])
    const newest = (await rowsOf(place))[1]?.['at']
    await slow.query('commit')
    await nested.query('commit')
    // What a version column alone comes to.
    await using client = await plainClient(server.url)
    expect((await client.query('select id from late where at > $1 order by id', [newest])).rows).toEqual([])
    await publish(flow)
    expect(await idsOf(place)).toEqual(expect.arrayContaining([5, 101, 102]))
    expect((await place.manifest())?.incremental).toMatchObject({ by: 'last-run', from: incremental?.to, base: 1 })
    await expect(diffFeeds(await placed(place, 1), await placed(place, 2), { signal: never })).rejects.toMatchObject({
      code: 'feed-incremental',
    })
  })

  it('loses no row of hostile writers: all feeds together are the table', async () => {
    await using place = await Place.make()
    await onPostgres('create table hostile (id serial primary key, version int not null)')
    const flow = feed({ from: db.table('hostile'), as: ndjson(), to: place.store, since: 'last-run' })
    const over = new AbortController()
    const writers = Array.from({ length: 6 }, (_, seed) => write(seed, over.signal))
    const known = new Map<unknown, unknown>()
    for (let round = 0; round < 15; round++) {
      await publish(flow)
      for (const { id, version } of await rowsOf(place)) known.set(id, version)
    }
    over.abort()
    const written = (await Promise.all(writers)).reduce((sum, each) => sum + each, 0)
    expect(written).toBeGreaterThan(20)
    await publish(flow)
    for (const { id, version } of await rowsOf(place)) known.set(id, version)
    await using client = await plainClient(server.url)
    const { rows } = await client.query<{ id: number; version: number }>('select id, version from hostile order by id')
    expect([...known].sort(([one], [other]) => Number(one) - Number(other))).toEqual(
      rows.map(({ id, version }) => [id, version]),
    )
    expect((await place.manifest())?.rows).toBeLessThan(rows.length)
  })

  it('begins anew when the position is of another server, or none at all', async () => {
    const table = db.table('pg_moved')
    await onPostgres('create table pg_moved as select 1 as id', 'alter table pg_moved add primary key (id)')
    const { to } = await table.increment({ since: { kind: 'last-run' }, from: undefined }, never)
    expect((await table.increment({ since: { kind: 'last-run' }, from: to }, never)).where).toContain('xmin')
    for (const from of [`${to}x`, '1@0/1/other', `0) or true --@${to?.split('@')[1]}`]) {
      expect((await table.increment({ since: { kind: 'last-run' }, from }, never)).where).toBeUndefined()
    }
  })

  it('has no rows that shrink could refuse, but all rows are still held against all rows', async () => {
    await using place = await Place.make()
    await onPostgres(
      'create table shrunk as select n as id from generate_series(1, 50) n',
      'alter table shrunk add primary key (id)',
    )
    const flow = feed({ from: db.table('shrunk'), as: ndjson(), to: place.store, since: 'last-run' })
    await publish(flow)
    await onPostgres('insert into shrunk values (51)', 'delete from shrunk where id <= 40')
    await publish(flow)
    expect(await idsOf(place)).toEqual([51])
    await expect(publish(flow, { full: true })).rejects.toMatchObject({ code: 'feed-shrunk', constructor: DataError })
  })
})

async function placed(place: Place, sequence: number) {
  const object = `facilities-0000000${sequence}.manifest.json`
  return { store: place.store, manifest: await readManifest(place.store, object, never) }
}

/** Transactions of all lengths that insert, change, and are rolled back now and then. */
async function write(seed: number, signal: AbortSignal): Promise<number> {
  await using client = await plainClient(server.url)
  let committed = 0
  for (let turn = 0; !signal.aborted; turn++) {
    await client.query('begin')
    await client.query('insert into hostile (version) select 0 from generate_series(1, 5)')
    await client.query('savepoint inner_one')
    await client.query(`update hostile set version = version + 1 where id % 6 = ${seed} and id % 5 = ${turn % 5}`)
    if (turn % 3 === 0) await client.query('rollback to savepoint inner_one')
    await delay(((seed * 37 + turn * 53) % 9) * 40)
    await client.query(turn % 7 === 6 ? 'rollback' : 'commit')
    committed += 1
  }
  return committed
}
