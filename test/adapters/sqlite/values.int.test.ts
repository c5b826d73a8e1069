import { blob, integer, numeric, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import fc from 'fast-check'
import { sqlite } from 'lockstep/sqlite'
import { describe, expect, it } from 'vitest'
import type { SqliteDatabase } from '../../../src/adapters/sqlite/index.js'
import type { TableRef } from '../../../src/core/database.js'
import type { Values } from '../../../src/core/upsert.js'
import { DatabaseFile, signal } from './file.js'

async function write(database: SqliteDatabase, table: TableRef, rows: readonly Values[]): Promise<void> {
  const sink = await database.upserts([table], { flow: 'values' }, signal)
  const items = rows.map((row) => ({ rows: [[row]] }))
  await sink.write(
    { lane: 'a', position: undefined, items },
    { flow: 'values', attempt: 1, expected: undefined, signal },
  )
}

const plain = (value: unknown) => (value instanceof ArrayBuffer ? Buffer.from(value) : value)

const TYPED = sqliteTable('typed', {
  id: integer().primaryKey(),
  at: integer({ mode: 'timestamp_ms' }),
  flag: integer({ mode: 'boolean' }),
  json: text({ mode: 'json' }),
  big: blob({ mode: 'bigint' }),
  bytes: blob({ mode: 'buffer' }),
  price: numeric(),
  ratio: real(),
  made: text().$default(() => 'made'),
  touched: text().$onUpdate(() => 'touched'),
})

describe('values in SQLite', () => {
  it('come back from a bare client as they were written, whatever they are', async () => {
    await using file = await DatabaseFile.make()
    using client = file.client()
    await client.execute(
      'create table v (id integer primary key, t text, i integer, r real, b blob, n) strict'.replace(
        ', n)',
        ', n any)',
      ),
    )
    await using database = sqlite(file.path)
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    const cleanText = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'))
    // SQLite does not keep the sign of zero.
    const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
    const bytes = fc.uint8Array().map((array) => Buffer.from(array))
    const row = fc.record({
      t: fc.option(cleanText),
      i: fc.option(fc.oneof(int64, fc.maxSafeInteger())),
      r: fc.option(double),
      b: fc.option(bytes),
      n: fc.option(fc.oneof(cleanText, int64, bytes)),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
        await client.execute('delete from v')
        await write(
          database,
          database.table('v'),
          rows.map((values, id) => ({ id, ...values })),
        )
        const { rows: stored } = await client.execute('select t, i, r, b, n from v order by id')
        const asStored = rows.map((values) => ({ ...values, i: values.i === null ? null : BigInt(values.i) }))
        expect(stored.map(({ t, i, r, b, n }) => ({ t, i, r, b: plain(b), n: plain(n) }))).toEqual(asStored)
      }),
      { numRuns: 60 },
    )
  })

  it('are encoded as the Drizzle table says, with its own defaults', async () => {
    await using file = await DatabaseFile.make()
    using client = file.client()
    await client.execute(`create table typed (id integer primary key, at integer, flag integer, json text, big blob,
      bytes blob, price numeric, ratio real, made text, touched text)`)
    await using database = sqlite(file.path)
    const table = database.table(TYPED)
    const at = new Date('2026-01-02T03:04:05.678Z')
    const first = {
      id: 1,
      at,
      flag: true,
      json: { a: ['\0'] },
      big: 2n ** 80n,
      bytes: Buffer.from([0, 1]),
      price: '12.5',
      ratio: 0.1,
    }
    await write(database, table, [first])
    await client.execute(`update typed set made = 'kept', touched = 'old'`)
    await write(database, table, [{ id: 1, flag: false }])
    const { rows } = await client.execute('select * from typed')
    expect(rows.map((row) => ({ ...row, big: String(plain(row['big'])), bytes: plain(row['bytes']) }))).toMatchObject([
      {
        id: 1n,
        at: BigInt(at.getTime()),
        flag: 0n,
        json: '{"a":["\\u0000"]}',
        big: String(2n ** 80n),
        bytes: Buffer.from([0, 1]),
        price: 12.5,
        ratio: 0.1,
        made: 'kept',
        touched: 'touched',
      },
    ])
  })

  it('that SQLite does not have are refused, and named', async () => {
    await using file = await DatabaseFile.make()
    using client = file.client()
    await client.execute('create table v (id integer primary key, i integer, t text)')
    await using database = sqlite(file.path)
    const table = database.table('v')
    for (const value of [2n ** 63n, Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN), () => 1, Symbol('x')]) {
      const writing = write(database, table, [
        { id: 1, i: 1 },
        { id: 2, i: value },
      ])
      await expect(writing).rejects.toMatchObject({ name: 'DataError', code: 'value-unsupported', bad: [1] })
    }
    await write(database, table, [
      { id: 1, t: 2n ** 63n },
      { id: 2, t: 5 },
      { id: 3, t: { a: [1n].length } },
    ])
    const { rows } = await client.execute('select t from v order by id')
    expect(rows.map(({ t }) => t)).toEqual(['9223372036854775808', '5', '{"a":1}'])
  })
})
