import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { ConfigError } from '../../../src/core/errors.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { parquet } from '../../../src/flows/feed/parquet/parquet.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

const database = testDatabase()
const db = postgres(database.url)
const ROWS = 20_000

async function sql(...statements: readonly string[]): Promise<void> {
  await using client = await plainClient(database.url)
  for (const statement of statements) await client.query(statement)
}

beforeAll(() =>
  sql(
    `create table kinds (id int primary key, small int2, long int8, exact numeric(38,10), free numeric, single real, double float8,
      flag bool, words text, code char(3), bytes bytea, uid uuid, day date, moment timestamptz, wall timestamp, doc jsonb, list int[])`,
    `insert into kinds values (1, -32768, 9223372036854775807, 1234567890123456789012345678.0123456789, 0.1000, 1.5, 0.1,
      true, 'ünïcödé 🚀', 'ab', '\\x00ff', '5fe1f1f0-0000-4000-8000-00000000abcd', '0044-03-15', '2026-01-02 03:04:05.678901+05:30',
      '1969-12-31 23:59:59.999999', '{"a": [1, null]}', '{1,2}')`,
    `insert into kinds values (2, 0, -9223372036854775808, -0.0000000001, 12345678901234567890.5, 'NaN', '-Infinity', false, '', '', '',
      '00000000-0000-0000-0000-000000000000', '1970-01-01', '1970-01-01Z', '2000-02-29 00:00:00', '1', '{}')`,
    'insert into kinds (id) values (3)',
    `create table many as select n as id, 'row ' || n as name, n * 0.5 as half from generate_series(1, ${ROWS}) n`,
    'alter table many add primary key (id)',
  ),
)
afterAll(() => db[Symbol.asyncDispose]())

const compressors = { GZIP: (bytes: Uint8Array) => gunzipSync(bytes) }

/** The files of the newest feed, read by another library. */
async function rowsOf(place: Place): Promise<Record<string, unknown>[]> {
  const files = (await place.manifest())?.files ?? []
  const read = files.map(async ({ name }) => {
    const bytes = await readFile(join(place.path, name))
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
    return parquetReadObjects({ file, compressors, parsers: { timestampFromMicroseconds: (micros) => micros } })
  })
  return (await Promise.all(read)).flat()
}

async function schemaOf(place: Place) {
  const bytes = await readFile(join(place.path, (await place.manifest())?.files[0]?.name ?? ''))
  const { schema } = await parquetMetadataAsync(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  return Object.fromEntries(schema.slice(1).map((element) => [element.name, element]))
}

describe('a feed as Parquet', () => {
  it('has a column type for each type of the table, and every value of it', async () => {
    await using place = await Place.make()
    const flow = feed({ from: db.table('kinds'), as: parquet(), to: place.store })
    await publish(flow)
    const schema = await schemaOf(place)
    expect(schema).toMatchObject({
      long: { type: 'INT64' },
      exact: { type: 'FIXED_LEN_BYTE_ARRAY', converted_type: 'DECIMAL', precision: 38, scale: 10 },
      free: { converted_type: 'UTF8' },
      flag: { type: 'BOOLEAN' },
      day: { converted_type: 'DATE' },
      moment: { logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } },
      wall: { logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' } },
    })
    const [first, second, third] = await rowsOf(place)
    expect(first).toMatchObject({
      id: 1,
      small: -32_768,
      long: 9_223_372_036_854_775_807n,
      free: '0.1000',
      single: 1.5,
      double: 0.1,
      flag: true,
      words: 'ünïcödé 🚀',
      uid: '5fe1f1f0-0000-4000-8000-00000000abcd',
      day: new Date('0044-03-15T00:00:00Z'),
      moment: BigInt(Date.parse('2026-01-01T21:34:05.678Z')) * 1_000n + 901n,
      wall: -1n,
      doc: '{"a": [1, null]}',
      list: '{1,2}',
    })
    // The reader makes a float of it.
    expect(Number(first?.['exact']) / 1e27).toBeCloseTo(1.234567890123457, 12)
    expect(second).toMatchObject({
      long: -9_223_372_036_854_775_808n,
      double: Number.NEGATIVE_INFINITY,
      flag: false,
      words: '',
    })
    expect(second?.['single']).toBeNaN()
    expect(Object.entries(third ?? {}).filter(([, value]) => value !== null && value !== undefined)).toEqual([
      ['id', 3],
    ])
    const verified = await flow.verifyFeed?.('facilities', new AbortController().signal)
    expect(verified).toMatchObject({ rows: 3, problems: [] })
  })

  it.each(['snappy', 'gzip', 'none'] as const)(
    'holds all rows over several files below their limit, with %s',
    async (compression) => {
      await using place = await Place.make()
      const rotate = { bytes: 150_000, rows: 9_000 }
      await publish(feed({ from: db.table('many'), as: parquet({ compression }), to: place.store, rotate }))
      const files = (await place.manifest())?.files ?? []
      expect(files.length).toBeGreaterThan(2)
      for (const file of files) {
        expect(file.bytes).toBeLessThanOrEqual(150_000)
        expect(file.name).toMatch(/\.parquet$/)
      }
      const rows = await rowsOf(place)
      expect(rows).toHaveLength(ROWS)
      expect(
        rows.every(
          ({ id, name, half }, index) =>
            id === index + 1 && name === `row ${index + 1}` && Number(half) === (index + 1) / 2,
        ),
      ).toBe(true)
    },
  )

  it('takes what map makes, by the columns that are named, and rejects what they cannot hold', async () => {
    await using place = await Place.make()
    const many = pgTable('many', { id: integer().primaryKey(), name: text() })
    const map = ({ id, name }: { id: number; name: string | null }) => ({
      id: id === 7 ? 2 ** 40 : id,
      name,
      price: id === 8 ? '1.005' : '1.25',
      at: new Date(id),
    })
    const as = parquet({ columns: { id: 'int32', name: 'utf8', price: 'decimal(9,2)', at: 'timestamptz' } })
    await publish(feed({ from: db.table(many), map, as, to: place.store }))
    expect(await place.manifest()).toMatchObject({ rows: ROWS - 2, rejected: 2 })
    expect((await rowsOf(place))[0]).toEqual({ id: 1, name: 'row 1', price: 1.25, at: 1_000n })
    expect(() => feed({ from: db.table(many), map, as: parquet(), to: place.store })).toThrow(ConfigError)
  })

  it('is refused with columns that the table has not', async () => {
    await using place = await Place.make()
    const flow = feed({ from: db.table('many'), as: parquet({ columns: { nam: 'utf8' } }), to: place.store })
    await expect(publish(flow)).rejects.toMatchObject({ code: 'column-missing' })
  })
})
