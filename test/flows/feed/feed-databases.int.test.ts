import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { mysql } from '../../../src/adapters/mysql/index.js'
import { folder } from '../../../src/adapters/objects/files/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { sqlite } from '../../../src/adapters/sqlite/index.js'
import type { ExportOptions } from '../../../src/core/export.js'
import { hasZstd } from '../../../src/flows/feed/compression/zstd.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { csv, ndjson } from '../../../src/flows/feed/format.js'
import { parquet } from '../../../src/flows/feed/parquet/parquet.js'
import { verifyManifest } from '../../../src/flows/feed/verify-feed.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { plainMariadb, testMariadb } from '../../support/mariadb.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

const server = testDatabase()
const mariadb = testMariadb()
let file: DatabaseFile

const STATEMENTS = [
  'create table city (id integer primary key, name varchar(20))',
  "insert into city values (1, 'Oslo'), (2, 'Bergen')",
  'create table shop (id integer primary key, name varchar(20), city_id integer)',
  `insert into shop values ${Array.from({ length: 5_000 }, (_, at) => `(${at + 1}, 'Shop ${at + 1}', ${1 + (at % 2)})`).join(',')}`,
]
const JOIN = 'select s.id, s.name, c.name as city from shop s join city c on c.id = s.city_id'

beforeAll(async () => {
  await using client = await plainClient(server.url)
  for (const statement of STATEMENTS) await client.query(statement)
  await using other = await plainMariadb(mariadb.url)
  for (const statement of STATEMENTS) await other.query(statement)
  file = await DatabaseFile.make()
  using third = file.client()
  for (const statement of STATEMENTS) await third.execute(statement)
})
afterAll(() => file[Symbol.asyncDispose]())

describe.each([
  ['PostgreSQL', () => postgres(server.url)],
  ['MariaDB', () => mysql(mariadb.url)],
  ['SQLite', () => sqlite(file.path)],
])('a feed from %s', (_, open) => {
  it('publishes what a filter leaves of a table, and a join with a map, the same from every database', async () => {
    await using database = open()
    await using plain = await Place.make()
    await publish(feed({ from: database.table('shop'), where: 'id > 4998', as: ndjson(), to: plain.store }))
    expect(await plain.contents()).toEqual([
      '{"id":4999,"name":"Shop 4999","city_id":1}\n{"id":5000,"name":"Shop 5000","city_id":2}\n',
    ])
    await using mapped = await Place.make()
    const flow = feed({
      from: database.query<{ id: number; name: string; city: string }>(JOIN, { key: ['id'] }),
      where: "city = 'Bergen'",
      map: ({ id, name, city }) => (id <= 4 ? { title: `${name}, ${city}` } : undefined),
      as: csv({ columns: ['title'] }),
      to: mapped.store,
    })
    await publish(flow)
    expect(await mapped.contents()).toEqual(['title\n"Shop 2, Bergen"\n"Shop 4, Bergen"\n'])
    expect(await mapped.manifest()).toMatchObject({ rows: 2, skipped: 2_498 })
    await using checked = await Place.make()
    const schema = z.object({ id: z.number().max(2), name: z.string().toUpperCase() })
    const some = { from: database.table('shop'), where: 'id <= 3', as: ndjson(), to: checked.store }
    await expect(publish(feed({ ...some, schema }))).rejects.toMatchObject({ code: 'feed-rejected' })
    await publish(feed({ ...some, schema, stopAbove: 0.5 }))
    expect(await checked.contents()).toEqual(['{"id":1,"name":"SHOP 1"}\n{"id":2,"name":"SHOP 2"}\n'])
    expect(await checked.manifest()).toMatchObject({ rows: 2, rejected: 1 })
  })
})

const NAMES = ["O''Hara", 'o-hara', 'Ähre', 'x,y', '', 'ß z', '\\\\n', '%']
const KEYED: Readonly<Record<string, readonly string[]>> = {
  MariaDB: [
    `create table keyed (a varchar(20) collate utf8mb4_unicode_ci, b decimal(20,3), c varbinary(16), d datetime(3), e enum('z', 'a'), f double,
      g char(4) character set latin1, note int, primary key (a, b, c, d, e, f, g))`,
    `insert into keyed select elt(1 + seq % 8, ${NAMES.map((name) => `'${name}'`).join(', ')}), seq / 7 - 200, unhex(md5(seq % 5)),
      '2026-01-01' + interval (seq % 13) day, 1 + seq % 2, seq / 3e0, char(228 + seq % 3 using latin1), seq from seq_1_to_9000`,
  ],
  SQLite: [
    'create table keyed (a text collate nocase, b, note integer, primary key (a, b)) without rowid',
    `with recursive some (n) as (select 1 union all select n + 1 from some where n < 9000)
      insert into keyed select char(65 + n % 7, 32 + n % 5, 228 + n % 2),
        case n % 4 when 0 then n / 3.0 when 1 then n when 2 then 'x' || n else cast('b' || n as blob) end, n from some`,
  ],
}

describe.each([
  ['MariaDB', () => mysql(mariadb.url)],
  ['SQLite', () => sqlite(file.path)],
])('ranges of a table of %s', (engine, open) => {
  it('are together the table, in its order, whatever types its key has', async () => {
    const statements = KEYED[engine] ?? []
    if (engine === 'SQLite') {
      using client = file.client()
      for (const statement of statements) await client.execute(statement)
    } else {
      await using client = await plainMariadb(mariadb.url)
      for (const statement of statements) await client.query(statement)
    }
    await using database = open()
    const options = { signal: new AbortController().signal, maxSnapshotAgeMs: 60_000 }
    const table = await database.table('keyed').exports(options.signal, { where: 'note % 10 <> 0' })
    const read = async (more: Partial<ExportOptions>): Promise<string[]> => {
      const lines: string[] = []
      for await (const { chunks } of table.json('\n', { ...options, ...more })) {
        lines.push(...Buffer.concat(chunks).toString().split('\n').slice(1))
      }
      return lines
    }
    const ranges = (await table.cut?.(5, options.signal)) ?? []
    expect(ranges).toHaveLength(5)
    expect(await table.cut?.(5, options.signal)).toEqual(ranges)
    const whole = await read({})
    expect(new Set(whole).size).toBe(8_100)
    for (const consistency of ['snapshot', 'chunks'] as const) {
      const parts: string[][] = []
      for (const range of JSON.parse(JSON.stringify(ranges))) parts.push(await read({ range, consistency }))
      expect(parts.flat()).toEqual(whole)
      expect(Math.min(...parts.map((part) => part.length))).toBeGreaterThan(1_000)
    }
    const wrong = read({ range: { after: ["1' or 'x"] } })
    await expect(wrong).rejects.toThrow('a border of a range is no key of the table')
    const few = await database.table('city').exports(options.signal)
    expect(await few.cut?.(16, options.signal)).toHaveLength(2)
    const query = await database.query('select 1 as id', { key: ['id'] }).exports(options.signal)
    expect(query.cut).toBeUndefined()
  })
})

describe('a feed compressed by zstd', () => {
  it('is one frame a file, cut by its size and verified, where Node has it; elsewhere it is said at once', async () => {
    await using database = sqlite(file.path)
    await using place = await Place.make()
    const make = () => {
      const rotate = { bytes: 10_000 }
      return feed({ from: database.table('shop'), as: ndjson(), to: place.store, name: 'shops', zstd: {}, rotate })
    }
    if (!hasZstd()) {
      expect(make).toThrow(/Node 22\.15/)
      return
    }
    await publish(make())
    const verified = await verifyManifest(place.store, 'shops-00000001.manifest.json', new AbortController().signal)
    expect(verified).toMatchObject({ rows: 5_000, problems: [] })
    const manifest = await place.manifest()
    expect(manifest?.files.length).toBeGreaterThan(1)
    for (const { name, bytes } of manifest?.files ?? []) {
      expect(name).toMatch(/\.ndjson\.zst$/)
      expect(bytes).toBeLessThanOrEqual(10_000)
    }
  })

  it('is refused where the format or the reader has ways of its own', () => {
    const wrong = { from: sqlite(file.path).table('shop'), to: folder('never'), zstd: {} }
    const problem = hasZstd() ? /Parquet is compressed within/ : /zstd/
    expect(() => feed({ ...wrong, as: parquet() })).toThrow(problem)
  })
})
