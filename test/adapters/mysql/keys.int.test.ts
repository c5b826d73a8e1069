import { sql } from 'drizzle-orm'
import { datetime, int, json, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import { describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import type { TableOptions } from '../../../src/core/database.js'
import type { Values } from '../../../src/core/upsert.js'
import { mariadbQuery, testMariadb } from '../../support/mariadb.js'

const { url } = testMariadb()
const { signal } = new AbortController()

let tables = 0

/** A new table of its own; `$` in the definition stands for its name. */
async function create(columns: string): Promise<string> {
  tables += 1
  const name = `t${tables}`
  await mariadbQuery(url, `CREATE TABLE ${name} (${columns}) ENGINE=InnoDB CHARSET=utf8mb4 COLLATE=utf8mb4_bin`)
  return name
}

async function upsert(table: string, rows: readonly Values[], options: TableOptions = {}): Promise<void> {
  await using database = mysql(url)
  const sink = await database.upserts([database.table(table, options)], { flow: 'keys' }, signal)
  const items = rows.map((row) => ({ rows: [[row]] }))
  await sink.write({ lane: 'a', position: undefined, items }, { flow: 'keys', attempt: 1, expected: undefined, signal })
}

describe('a key', () => {
  const EQUAL: readonly (readonly [type: string, ...spellings: unknown[]])[] = [
    ['varchar(20)', 'a', 'a ', 'a  '],
    ['char(20)', 'a', 'a '],
    ['bigint', 7, '7', '007', 7n, '+7'],
    ['decimal(20,4)', 1.5, '1.50', '01.5000', '+1.5'],
    ['decimal(20,1)', '1.25', '1.3', '1.30'],
    ['datetime(3)', '2024-01-01 00:00:00', '2024-01-01T00:00:00.000Z', '2024-01-01 02:00:00+02:00'],
    ['datetime', new Date(0), '1970-01-01 00:00:00', '1970-01-01 00:00:00.0'],
    ['binary(4)', Buffer.from('ab'), Buffer.from('ab\0\0')],
    ['uuid', '6CCD780C-BABA-1026-9564-5B8C656024DB', '6ccd780c-baba-1026-9564-5b8c656024db'],
    ['double', 1, '1.0', '1e0'],
    ['year', 2024, '24'],
  ]
  it.each(EQUAL)('of %s is one key however it is written, and the last row wins', async (type, ...spellings) => {
    const table = await create(`id ${type} NOT NULL PRIMARY KEY, other varchar(9), value int`)
    await upsert(
      table,
      [...spellings, ...spellings.toReversed()].map((id, value) => ({
        id,
        value,
        ...(value % 2 === 0 ? {} : { other: 'x' }),
      })),
    )
    const rows = await mariadbQuery(url, `SELECT value, other FROM ${table}`)
    expect(rows).toEqual([{ value: String(2 * spellings.length - 1), other: 'x' }])
  })

  it('of other texts is another key', async () => {
    const table = await create('id varchar(20) NOT NULL PRIMARY KEY, value int')
    const ids = ['a', 'A', 'ä', ' a', 'a\t', "a'", 'a\\', 'ａ']
    await upsert(table, [...ids.map((id) => ({ id, value: 1 })), ...ids.map((id) => ({ id, value: 2 }))])
    const rows = await mariadbQuery(url, `SELECT id FROM ${table} WHERE value = 2`)
    expect(rows.map(({ id }) => id).sort()).toEqual([...ids].sort())
  })

  it('of 0 is stored as 0, also where AUTO_INCREMENT would number it', async () => {
    const table = await create('id int NOT NULL AUTO_INCREMENT PRIMARY KEY, value int')
    await upsert(table, [
      { id: 0, value: 1 },
      { id: 5, value: 1 },
    ])
    await upsert(table, [{ id: 0, value: 2 }])
    expect(await mariadbQuery(url, `SELECT id, value FROM ${table} ORDER BY id`)).toEqual([
      { id: '0', value: '2' },
      { id: '5', value: '1' },
    ])
    await expect(upsert(table, [{ value: 3 }])).rejects.toMatchObject({ code: 'key-missing', bad: [0] })
  })

  it('within one table is written in the order of arrival when rows point to one another', async () => {
    const table = await create(
      'id int NOT NULL PRIMARY KEY, boss int, FOREIGN KEY (boss) REFERENCES $ (id)'.replace('$', `t${tables + 1}`),
    )
    await upsert(table, [
      { id: 9, boss: null },
      { id: 5, boss: 9 },
      { id: 1, boss: 5 },
    ])
    expect(await mariadbQuery(url, `SELECT count(*) AS n FROM ${table}`)).toEqual([{ n: '3' }])
  })
})

describe('a table is refused', () => {
  const REFUSED: readonly (readonly [code: string, columns: string, options: TableOptions, fix: RegExp])[] = [
    ['second-unique-index', 'id int NOT NULL PRIMARY KEY, mail varchar(9) UNIQUE', {}, /DROP INDEX `mail`/],
    [
      'second-unique-index',
      'id int NOT NULL PRIMARY KEY, mail varchar(9) NOT NULL UNIQUE',
      { key: ['mail'] },
      /DROP PRIMARY KEY/,
    ],
    [
      'key-collation',
      'id varchar(9) COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY',
      {},
      /MODIFY `id` varchar\(9\).*COLLATE utf8mb4_bin/,
    ],
    ['key-nullable', 'id int, UNIQUE (id)', { key: ['id'] }, /MODIFY `id` int.* NOT NULL/],
    ['key-not-unique', 'id int NOT NULL', { key: ['id'] }, /ADD UNIQUE INDEX \(`id`\)/],
    ['key-not-unique', 'id varchar(200) NOT NULL, UNIQUE (id(10))', { key: ['id'] }, /ADD UNIQUE INDEX/],
    ['key-not-found', 'id int', {}, /unique index/],
    ['key-empty', 'id int NOT NULL PRIMARY KEY', { key: [] }, /primary key/],
    ['column-missing', 'id int NOT NULL PRIMARY KEY, seen int', { version: 'sean' }, /did you mean seen/],
    ['column-unusable', 'id int NOT NULL PRIMARY KEY, doc blob', { version: 'doc' }, /number/],
    ['column-unusable', 'id int NOT NULL PRIMARY KEY, need int NOT NULL', { ignore: ['need'] }, /default/],
  ]
  it.each(REFUSED)('with %s: %s', async (code, columns, options, fix) => {
    const table = await create(columns)
    await expect(upsert(table, [], options)).rejects.toMatchObject({
      name: 'ConfigError',
      code,
      fix: expect.stringMatching(fix),
    })
  })

  it('when it is missing, a view, or of an engine without transactions', async () => {
    await mariadbQuery(url, 'CREATE TABLE quotes (id int PRIMARY KEY); CREATE VIEW seen AS SELECT * FROM quotes')
    await mariadbQuery(url, 'CREATE TABLE old (id int PRIMARY KEY) ENGINE=MyISAM')
    await expect(upsert('quote', [])).rejects.toMatchObject({
      code: 'table-missing',
      fix: expect.stringMatching(/^did you mean quotes\? .*GRANT SELECT/),
    })
    await expect(upsert('seen', [])).rejects.toMatchObject({ code: 'table-kind' })
    await expect(upsert('old', [])).rejects.toMatchObject({
      code: 'table-engine',
      fix: expect.stringContaining('InnoDB'),
    })
  })
})

describe('a number of AUTO_INCREMENT beside the key', () => {
  it('is given by the server, and by no row', async () => {
    const table = await create('number bigint AUTO_INCREMENT PRIMARY KEY, mail varchar(9) NOT NULL UNIQUE, value int')
    const key = { key: ['mail'] }
    await upsert(
      table,
      [
        { mail: 'a', value: 1 },
        { mail: 'b', value: 1 },
      ],
      key,
    )
    await upsert(
      table,
      [
        { mail: 'b', value: 2 },
        { mail: 'c', value: 2, number: null },
      ],
      key,
    )
    expect(await mariadbQuery(url, `SELECT mail, value FROM ${table} ORDER BY mail`)).toEqual([
      { mail: 'a', value: '1' },
      { mail: 'b', value: '2' },
      { mail: 'c', value: '2' },
    ])
    const refused = upsert(table, [{ mail: 'd' }, { mail: 'e', number: 1 }], key)
    await expect(refused).rejects.toMatchObject({ name: 'DataError', code: 'second-unique-index', bad: [1] })
  })
})

describe('a Drizzle table', () => {
  const quotes = mysqlTable('quotes_drizzle', {
    id: varchar('quote_id', { length: 36 }).primaryKey(),
    lastSeen: datetime('last_seen', { fsp: 3 }).notNull(),
    details: json('details').$type<{ total: number }>(),
    source: varchar('source', { length: 20 }).$default(() => 'drizzle'),
    changes: int('changes').$onUpdate(() => 7),
  })

  it('gives names, types and defaults', async () => {
    await mariadbQuery(
      url,
      `CREATE TABLE quotes_drizzle (quote_id varchar(36) COLLATE utf8mb4_bin PRIMARY KEY, last_seen datetime(3) NOT NULL,
        details json, source varchar(20), changes int)`,
    )
    await using database = mysql(url)
    // @ts-expect-error no column of the table
    database.table(quotes, { key: ['nowhere'] })
    // @ts-expect-error the database's name, not the property's
    database.table(quotes, { version: 'last_seen' })
    const table = database.table(quotes, { key: ['id'], version: 'lastSeen' })
    const row: typeof table.$insert = { id: 'a', lastSeen: new Date(1_000), details: { total: 1 } }
    expect(table.name).toBe('quotes_drizzle')
    const sink = await database.upserts([table], { flow: 'keys' }, signal)
    const context = { flow: 'keys', attempt: 1, expected: undefined, signal }
    const write = (values: Values) =>
      sink.write({ lane: 'a', position: undefined, items: [{ rows: [[values]] }] }, context)
    await write({ ...row })
    expect(await mariadbQuery(url, 'SELECT * FROM quotes_drizzle')).toMatchObject([
      { quote_id: 'a', last_seen: '1970-01-01 00:00:01.000', source: 'drizzle' },
    ])
    await mariadbQuery(url, "UPDATE quotes_drizzle SET source = 'person', changes = 0")
    await write({ id: 'a', lastSeen: new Date(2_000) })
    expect(await mariadbQuery(url, 'SELECT source, changes, last_seen FROM quotes_drizzle')).toEqual([
      { source: 'person', changes: '7', last_seen: '1970-01-01 00:00:02.000' },
    ])
    await expect(write({ id: 'b', lastSeen: sql`now()` })).rejects.toMatchObject({ code: 'value-unsupported' })
    await expect(write({ id: 'b', lastSeen: 'no date' })).rejects.toMatchObject({ code: 'value-unsupported' })
  })
})
