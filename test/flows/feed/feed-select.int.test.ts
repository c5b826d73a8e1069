import { and, eq, gt, inArray, ne, type SQL, sql } from 'drizzle-orm'
import * as my from 'drizzle-orm/mysql-core'
import * as pg from 'drizzle-orm/pg-core'
import * as lite from 'drizzle-orm/sqlite-core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { sqlite } from '../../../src/adapters/sqlite/index.js'
import type { Database, ExportableTableRef } from '../../../src/core/database.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { ndjson } from '../../../src/flows/feed/format.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { plainMariadb, testMariadb } from '../../support/mariadb.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

const server = testDatabase()
const mariadb = testMariadb()
let file: DatabaseFile

/** A text that would end a literal that is not written with care. */
const HOSTILE = `'); drop table shop; -- \\'; "\`$$ $1 ? :a %s /* #`
const names = ['One', 'Two', 'Three', HOSTILE]

const opening = (moment: string, json: string): readonly string[] => [
  'create table city (id integer primary key, name varchar(20))',
  "insert into city values (1, 'Oslo'), (2, 'Bergen')",
  `create table shop (id integer primary key, name varchar(20), city_id integer, opened_at ${moment}, tags ${json})`,
]

/** What the joins below give. */
interface Opened {
  readonly id: number
  readonly cityId: number | null
  readonly name: string | null
  readonly openedAt: Date | null
  readonly tags: unknown
  readonly letters: number
}

interface Subject {
  open(): Database
  /** A join of both tables; two of its columns have one name in the database. */
  join(): ExportableTableRef<Opened>
  /** One row: `id`, and each text as a parameter of the select. */
  echo(texts: Readonly<Record<string, SQL<string>>>): ExportableTableRef<Readonly<Record<string, unknown>>>
}

function subjectOf<D extends Database>(open: () => D, make: (database: D) => Omit<Subject, 'open'>): Subject {
  const database = open()
  return { open: () => database, ...make(database) }
}

const onPostgres = (): Subject =>
  subjectOf(
    () => postgres(server.url),
    (database) => {
      const city = pg.pgTable('city', { id: pg.integer().notNull(), name: pg.text() })
      const shop = pg.pgTable('shop', {
        id: pg.integer().notNull(),
        name: pg.text(),
        cityId: pg.integer('city_id'),
        openedAt: pg.timestamp('opened_at', { precision: 3 }),
        tags: pg.json().$type<unknown>(),
      })
      const letters = sql`length(${shop.name})`.mapWith(Number)
      const build = new pg.QueryBuilder()
      const select = build
        .select({ id: shop.id, cityId: city.id, name: city.name, openedAt: shop.openedAt, tags: shop.tags, letters })
        .from(shop)
        .leftJoin(city, and(eq(city.id, shop.cityId), ne(city.name, HOSTILE)))
        .where(and(gt(shop.id, -1), inArray(shop.name, names)))
        .orderBy(shop.id)
        .limit(10)
      return {
        join: () => database.query(select, { key: ['id'] }),
        echo: (texts) =>
          database.query(
            build
              .select({ id: sql<number>`1`, ...texts })
              .from(city)
              .limit(1),
            { key: ['id'] },
          ),
      }
    },
  )

const onMariadb = (): Subject =>
  subjectOf(
    () => mysql(mariadb.url),
    (database) => {
      const city = my.mysqlTable('city', { id: my.int().notNull(), name: my.text() })
      const shop = my.mysqlTable('shop', {
        id: my.int().notNull(),
        name: my.text(),
        cityId: my.int('city_id'),
        openedAt: my.datetime('opened_at', { fsp: 3 }),
        tags: my.json().$type<unknown>(),
      })
      const letters = sql`length(${shop.name})`.mapWith(Number)
      const build = new my.QueryBuilder()
      const select = build
        .select({ id: shop.id, cityId: city.id, name: city.name, openedAt: shop.openedAt, tags: shop.tags, letters })
        .from(shop)
        .leftJoin(city, and(eq(city.id, shop.cityId), ne(city.name, HOSTILE)))
        .where(and(gt(shop.id, -1), inArray(shop.name, names)))
        .orderBy(shop.id)
        .limit(10)
      return {
        join: () => database.query(select, { key: ['id'] }),
        echo: (texts) =>
          database.query(
            build
              .select({ id: sql<number>`1`, ...texts })
              .from(city)
              .limit(1),
            { key: ['id'] },
          ),
      }
    },
  )

const onSqlite = (): Subject =>
  subjectOf(
    () => sqlite(file.path),
    (database) => {
      const city = lite.sqliteTable('city', { id: lite.integer().notNull(), name: lite.text() })
      const shop = lite.sqliteTable('shop', {
        id: lite.integer().notNull(),
        name: lite.text(),
        cityId: lite.integer('city_id'),
        openedAt: lite.integer('opened_at', { mode: 'timestamp_ms' }),
        tags: lite.text({ mode: 'json' }).$type<unknown>(),
      })
      const letters = sql`length(${shop.name})`.mapWith(Number)
      const build = new lite.QueryBuilder()
      const select = build
        .select({ id: shop.id, cityId: city.id, name: city.name, openedAt: shop.openedAt, tags: shop.tags, letters })
        .from(shop)
        .leftJoin(city, and(eq(city.id, shop.cityId), ne(city.name, HOSTILE)))
        .where(and(gt(shop.id, -1), inArray(shop.name, names)))
        .orderBy(shop.id)
        .limit(10)
      return {
        join: () => database.query(select, { key: ['id'] }),
        echo: (texts) =>
          database.query(
            build
              .select({ id: sql<number>`1`, ...texts })
              .from(city)
              .limit(1),
            { key: ['id'] },
          ),
      }
    },
  )

const FIRST = `'2026-01-01 00:00:00.25'`

beforeAll(async () => {
  const rows = (first: string): string =>
    `insert into shop values (1, 'One', 1, ${first}, '["a"]'), (2, 'Two', 9, null, null), (3, 'Other', 1, null, null)`
  await using client = await plainClient(server.url)
  for (const text of [...opening('timestamp(3)', 'json'), rows(FIRST)]) await client.query(text)
  await using other = await plainMariadb(mariadb.url)
  for (const text of [...opening('datetime(3)', 'json'), rows(FIRST)]) await other.query(text)
  file = await DatabaseFile.make()
  using third = file.client()
  const ms = String(Date.parse('2026-01-01T00:00:00.250Z'))
  for (const text of [...opening('integer', 'text'), rows(ms)]) await third.execute(text)
})
afterAll(() => file[Symbol.asyncDispose]())

/** Quotes, backslashes and what else means something in one of the engines. */
const hostileText = fc.oneof(
  fc.string({ unit: fc.constantFrom(...`'"\`\\;$?:#-/*%eEx\n\r\t\b\u001a é漢🚀`), minLength: 1, maxLength: 12 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
)

describe.each([
  ['PostgreSQL', onPostgres],
  ['MariaDB', onMariadb],
  ['SQLite', onSqlite],
])("a feed of a select of Drizzle's, from %s", (_, make) => {
  it('has its rows as the select types them, under the names that it gives', async () => {
    const subject = make()
    await using database = subject.open()
    await using place = await Place.make()
    const got: Opened[] = []
    const from = subject.join()
    const map = (row: Opened) => {
      got.push(row)
      return { city: row.name, opened: row.openedAt?.getTime() }
    }
    await publish(feed({ from, where: 'id < 100', map, as: ndjson(), to: place.store }))
    expect(got).toEqual([
      { id: 1, cityId: 1, name: 'Oslo', openedAt: new Date('2026-01-01T00:00:00.250Z'), tags: ['a'], letters: 3 },
      { id: 2, cityId: null, name: null, openedAt: null, tags: null, letters: 3 },
    ])
    expect(await place.contents()).toEqual(['{"city":"Oslo","opened":1767225600250}\n{"city":null}\n'])
    expect(from.name).not.toContain('drop table')
    expect(from.database).toBe(database)
  })

  it('gives its parameters to the database as they are, whatever quotes they hold', async () => {
    const subject = make()
    await using _database = subject.open()
    const texts = [HOSTILE, ...fc.sample(hostileText, 300)].filter((text) => text !== '')
    await using place = await Place.make()
    const got: Readonly<Record<string, unknown>>[] = []
    const from = subject.echo(Object.fromEntries(texts.map((text, at) => [`c${at}`, sql<string>`${text}`])))
    await publish(feed({ from, map: (row) => got.push(row), as: ndjson(), to: place.store }))
    expect(got).toEqual([{ id: expect.anything(), ...Object.fromEntries(texts.map((text, at) => [`c${at}`, text])) }])
  })
})
