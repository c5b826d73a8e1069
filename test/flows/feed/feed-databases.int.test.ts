import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/index.js'
import { folder } from '../../../src/adapters/objects/files/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { sqlite } from '../../../src/adapters/sqlite/index.js'
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
