import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { mysql } from '../../../src/adapters/mysql/database.js'
import type { UpsertSink, Values } from '../../../src/core/upsert.js'
import { mariadbQuery, type PlainRow, plainMariadb, testMariadb } from '../../support/mariadb.js'

const { url } = testMariadb()
const { signal } = new AbortController()

const COLUMNS: Readonly<Record<string, string>> = {
  tiny: 'tinyint',
  big: 'bigint',
  ubig: 'bigint unsigned',
  exact: 'decimal(38,10)',
  ratio: 'double',
  flag: 'bit(64)',
  day: 'date',
  moment: 'datetime(6)',
  stamp: 'timestamp(6) NULL',
  clock: 'time(6)',
  annum: 'year',
  letters: 'longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  latin: 'varchar(100) CHARACTER SET latin1',
  colour: "enum('red', 'green', '''')",
  tags: "set('a', 'b', 'c')",
  doc: 'json',
  bytes: 'longblob',
  fixed: 'binary(16)',
}

const TEXT = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      "'; DROP TABLE t; -- ",
      '\\',
      "\\'",
      '"',
      '`',
      '?',
      ':a ?? $1 %s',
      '\u001a\b\t\r\n',
      '/* ? */ -- ?',
      '☃ \u{1f600}',
      ' trailing  ',
      '',
      '\uffff',
      'ß',
    ),
  )
  .filter((text) => !/[\0\p{Surrogate}]/u.test(text))

const VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  tiny: fc.integer({ min: -128, max: 127 }),
  big: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), '-9223372036854775808'),
  ),
  ubig: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(2n ** 64n - 1n, '18446744073709551615')),
  exact: fc.constantFrom(0.1, '0.1', '-99999999999999999999.0123456789', 12345678901234567890n, 1e21, -0, '1e3'),
  ratio: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
  flag: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  day: fc.constantFrom('1000-01-01', '9999-12-31', '2024-02-29'),
  moment: fc.constantFrom('2024-02-29 23:59:59.999999', '1000-01-01 00:00:00', '9999-12-31 23:59:59.999999'),
  stamp: fc.constantFrom('1970-01-01 00:00:01', '2038-01-19 03:14:07.999999'),
  clock: fc.constantFrom('-838:59:59', '838:59:59.000000', '00:00:00.000001'),
  annum: fc.constantFrom(1901, 2155, '2024'),
  letters: TEXT,
  latin: fc.constantFrom('é', 'plain', "it's", 'ÿ'),
  colour: fc.constantFrom('red', "'"),
  tags: fc.constantFrom('', 'a', 'a,c'),
  doc: fc.json(),
  bytes: fc.uint8Array({ maxLength: 50 }),
  fixed: fc.uint8Array({ minLength: 16, maxLength: 16 }),
}

const names = Object.keys(COLUMNS).map((name) => `\`${name}\``)

let sink: UpsertSink

beforeAll(async () => {
  const columns = Object.entries(COLUMNS).map(
    ([name, type]) => `\`${name}\` ${type}${/NULL/.test(type) ? '' : ' NULL'}`,
  )
  await mariadbQuery(
    url,
    `CREATE TABLE written (id int PRIMARY KEY, ${columns.join(', ')}); CREATE TABLE plain LIKE written`,
  )
})

async function upserting<Result>(work: (sink: UpsertSink) => Promise<Result>, table = 'written'): Promise<Result> {
  await using database = mysql(url)
  sink = await database.upserts([database.table(table)], { flow: 'values' }, signal)
  return await work(sink)
}

async function write(to: UpsertSink, ...rows: readonly Values[]): Promise<void> {
  const items = rows.map((row) => ({ rows: [[row]] }))
  await to.write({ lane: 'a', position: undefined, items }, { flow: 'values', attempt: 1, expected: undefined, signal })
}

/** As a person would write the value, sent by a bare client. */
function plainValue(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value
}

describe('values', () => {
  it('are stored as a plain INSERT stores them', async () => {
    await using client = await plainMariadb(url)
    // What the session of the product is, too.
    await client.query("SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'")
    const row = fc.record(Object.fromEntries(Object.entries(VALUES).map(([name, value]) => [name, fc.option(value)])))
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
    await upserting((to) =>
      fc.assert(
        fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
          await client.query('TRUNCATE written; TRUNCATE plain')
          await write(to, ...rows.map((values, id) => ({ id, ...values })))
          for (const [id, values] of rows.entries()) {
            const cells = Object.keys(COLUMNS).map((name) => plainValue(values[name]))
            await client.query(`INSERT INTO plain (id, ${names.join(', ')}) VALUES (?)`, [[id, ...cells]])
          }
          const select = (table: string): Promise<readonly PlainRow[]> =>
            client.query(
              `SELECT id, ${names.map((name) => `hex(${name}) AS ${name}`).join(', ')} FROM ${table} ORDER BY id`,
            )
          expect(await select('written')).toEqual(await select('plain'))
        }),
        { numRuns: 60, seed },
      ),
    )
  })

  it('of JavaScript become what they mean: dates in UTC, moments with a zone, objects, sets of bytes', async () => {
    const moment = new Date('2024-02-29T23:59:59.123Z')
    await upserting((to) =>
      write(
        to,
        { id: 701, day: moment, moment, stamp: moment, letters: moment, doc: { a: [1, null], b: 'é' }, flag: true },
        {
          id: 702,
          moment: '2024-02-29T23:59:59.123456+02:00',
          stamp: '2024-01-01T00:00:00Z',
          letters: 7n,
          tiny: false,
        },
      ),
    )
    const rows = await mariadbQuery(
      url,
      'SELECT id, day, moment, stamp, letters, concat(doc) AS doc, flag + 0 AS flag, tiny FROM written WHERE id > 700 ORDER BY id',
    )
    expect(rows).toEqual([
      {
        id: '701',
        day: '2024-02-29',
        moment: '2024-02-29 23:59:59.123000',
        stamp: '2024-02-29 23:59:59.123000',
        letters: '2024-02-29T23:59:59.123Z',
        doc: '{"a":[1,null],"b":"é"}',
        flag: '1',
        tiny: null,
      },
      {
        id: '702',
        day: null,
        moment: '2024-02-29 21:59:59.123456',
        stamp: '2024-01-01 00:00:00.000000',
        letters: '7',
        doc: null,
        flag: null,
        tiny: '0',
      },
    ])
  })

  const REFUSED: readonly (readonly [name: string, value: unknown, code: string])[] = [
    ['tiny', 128, 'number-out-of-range'],
    ['tiny', 'x', 'invalid-value'],
    ['tiny', '', 'invalid-value'],
    ['tiny', Number.NaN, 'value-unsupported'],
    ['tiny', Number.POSITIVE_INFINITY, 'value-unsupported'],
    ['tiny', new Date(), 'value-unsupported'],
    ['tiny', { a: 1 }, 'value-unsupported'],
    ['ubig', -1n, 'number-out-of-range'],
    ['ubig', 2n ** 64n, 'number-out-of-range'],
    ['exact', '1e40', 'number-out-of-range'],
    ['moment', new Date(Number.NaN), 'value-unsupported'],
    ['moment', new Date(-1e15), 'value-unsupported'],
    ['moment', '2024-02-30 00:00:00', 'invalid-datetime'],
    ['moment', '0000-00-00 00:00:00', 'invalid-datetime'],
    ['day', 'yesterday', 'invalid-datetime'],
    ['latin', '\u{1f600}', 'invalid-value'],
    ['latin', 'x'.repeat(101), 'value-too-long'],
    ['fixed', Buffer.alloc(17), 'value-too-long'],
    ['colour', 'blue', 'invalid-value'],
    ['tags', 'a,d', 'invalid-value'],
    ['doc', '{', 'check-violation'],
    ['letters', 'half \ud83d', 'invalid-text'],
    ['letters', Symbol('s'), 'value-unsupported'],
  ]
  it.each(REFUSED)('that do not fit are refused: %s', async (name, value, code) => {
    await upserting(async (to) => {
      const secret = typeof value === 'string' && value.length > 3 ? value : 'no such text'
      const refused = await write(to, { id: 900 }, { id: 901, [name]: value }, { id: 902 }).catch(
        (error: unknown) => error,
      )
      expect(refused).toMatchObject({ name: 'DataError', code, bad: [1] })
      expect(JSON.stringify(refused, Object.getOwnPropertyNames(refused))).not.toContain(secret)
      expect(await mariadbQuery(url, 'SELECT id FROM written WHERE id >= 900')).toEqual([])
    })
  })

  it('of a row larger than max_allowed_packet are refused, and those of a batch larger than it are not', async () => {
    await upserting(async (to) => {
      const large = 'x'.repeat(3_000_000)
      await write(to, ...Array.from({ length: 8 }, (_, id) => ({ id: 800 + id, letters: large })))
      expect(await mariadbQuery(url, 'SELECT count(*) AS n FROM written WHERE length(letters) = 3000000')).toEqual([
        { n: '8' },
      ])
      const refused = write(to, { id: 820, letters: 'small' }, { id: 821, letters: 'x'.repeat(17_000_000) })
      await expect(refused).rejects.toMatchObject({ code: 'limit-exceeded', bad: [1] })
    })
  })
})
