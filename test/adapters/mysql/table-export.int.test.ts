import { randomUUID } from 'node:crypto'
import { bigint, boolean, datetime, float, int, json, mysqlTable, varbinary } from 'drizzle-orm/mysql-core'
import { describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/index.js'
import { type ExportHarness, tableExportContract } from '../../contracts/table-export.js'
import { plainMariadb, testMariadb } from '../../support/mariadb.js'

const server = testMariadb()
const { signal } = new AbortController()

tableExportContract('mysql', async (): Promise<ExportHarness> => {
  const name = `export_${randomUUID().replaceAll('-', '').slice(0, 12)}`
  const client = await plainMariadb(server.url)
  await client.query(`create database ${name} character set utf8mb4`)
  await client.query(`use ${name}`)
  // As standard SQL has it.
  await client.query(`set sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')`)
  const database = mysql(server.urlOf({ database: name }))
  return {
    run: async (...statements) => {
      for (const statement of statements) await client.query(statement)
    },
    table: (table, reading) => database.table(table).exports(signal, reading),
    query: (text, key, reading) => database.query(text, { key }).exports(signal, reading),
    types: { text: 'longtext', keyText: 'varchar(20) collate utf8mb4_bin', big: 'bigint' },
    typed: {
      statements: [
        `create table typed (id bigint unsigned primary key, n decimal(40,2), z int(6) zerofill, t boolean, f float, f2 float, d double, y year, bi bit(10),
          b varbinary(10), e enum('a','b"'), ts timestamp(6), dt datetime(3), da date, ti time(1), c char(5), j json)`,
        `insert into typed values (18446744073709551615, 12345678901234567890.10, 42, true, 0.1, 16777216, 1e-7, 2026, b'1010', x'00ff', 'b"',
          '2026-01-01 00:00:00.123456', '2026-01-01 00:00:00.5', '1999-12-31', '-12:00:00.5', 'a', '{"a": 1.10}')`,
      ],
      text: [
        '18446744073709551615',
        '12345678901234567890.10',
        '42',
        '1',
        '0.1',
        '16777216',
        '1e-7',
        '2026',
        '10',
        '\\x00ff',
        'b"',
        '2026-01-01 00:00:00.123456',
        '2026-01-01 00:00:00.500',
        '1999-12-31',
        '-12:00:00.5',
        'a',
        '{"a": 1.10}',
      ],
      json: `{"id":18446744073709551615,"n":12345678901234567890.10,"z":42,"t":1,"f":0.1,"f2":16777216,"d":1e-7,"y":2026,"bi":10,"b":"\\\\x00ff","e":"b\\"","ts":"2026-01-01 00:00:00.123456","dt":"2026-01-01 00:00:00.500","da":"1999-12-31","ti":"-12:00:00.5","c":"a","j":"{\\"a\\": 1.10}"}`,
      values: {
        id: '18446744073709551615',
        n: '12345678901234567890.10',
        z: 42,
        t: 1,
        f: 0.1,
        f2: 16777216,
        d: 1e-7,
        y: 2026,
        bi: '10',
        b: '\\x00ff',
        e: 'b"',
        ts: '2026-01-01 00:00:00.123456',
        dt: '2026-01-01 00:00:00.500',
        da: '1999-12-31',
        ti: '-12:00:00.5',
        c: 'a',
        j: '{"a": 1.10}',
      },
    },
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await client.query(`drop database ${name}`)
      await client[Symbol.asyncDispose]()
    },
  }
})

describe('an export of a MariaDB table', () => {
  it('gives map the values of the Drizzle table, and reads along the index of the key', async () => {
    await using client = await plainMariadb(server.url)
    await client.query(`create table declared (id int, big bigint, opened_at datetime(3), open boolean, ratio float, raw varbinary(9), data json,
      undeclared int, b int, primary key (b, id))`)
    await client.query(
      `insert into declared values (1, 9007199254740993, '2026-01-01 00:00:00.250', true, 0.1, 'abc', '{"a":[1]}', 7, 1)`,
    )
    const declared = mysqlTable('declared', {
      b: int().notNull(),
      id: int().notNull(),
      big: bigint({ mode: 'bigint' }),
      openedAt: datetime('opened_at', { fsp: 3 }),
      open: boolean(),
      ratio: float(),
      raw: varbinary({ length: 9 }),
      data: json(),
    })
    await using database = mysql(server.url)
    const table = await database.table(declared).exports(signal)
    const pages = []
    for await (const rows of table.values({ signal, maxSnapshotAgeMs: 60_000 })) pages.push(...rows)
    expect(pages).toEqual([
      {
        id: 1,
        big: 9007199254740993n,
        openedAt: new Date('2026-01-01T00:00:00.250Z'),
        open: true,
        ratio: 0.1,
        raw: 'abc',
        data: { a: [1] },
        b: 1,
      },
    ])
    const plan = await client.query(`explain select t.id from declared t order by t.b, t.id`)
    expect(JSON.stringify(plan)).not.toContain('filesort')
  })
})
