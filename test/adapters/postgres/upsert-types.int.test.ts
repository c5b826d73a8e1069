import {
  bigint,
  customType,
  date,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import type { Values } from '../../../src/core/upsert.js'
import { badItems, batch, context, rowsets } from '../../contracts/upsert-subject.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

// The oracle's Dates in UTC, as ours are, wherever the test runs.
pg.defaults.parseInputDatesAsUTC = true

const database = testDatabase()
const { signal } = new AbortController()

const anyText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'NULL',
    'null',
    '{}',
    '{a,b}',
    'a"b',
    'a\\b',
    '\\',
    '"',
    'é漢🐘',
    '\\u0000',
    '$1',
    "it's",
    'a\nb',
  ),
  fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', '')),
)
const anyJson = fc.oneof(
  fc.dictionary(anyText, fc.oneof(anyText, fc.integer(), fc.boolean(), fc.constant(null), fc.array(anyText))),
  fc.record({ nested: fc.array(fc.record({ text: anyText, number: fc.constantFrom(0.1, 1e21, -0) })) }),
)
const anyDate = fc.oneof(
  fc.constantFrom(
    new Date('0001-01-01T00:00:00Z'),
    new Date('0000-01-01T00:00:00Z'),
    new Date('-000043-03-15T12:30:00.250Z'),
    new Date('+012345-06-07T08:09:10Z'),
    new Date('1969-12-31T23:59:59.999Z'),
  ),
  fc.date({ min: new Date('-004000-01-01T00:00:00Z'), max: new Date('+200000-01-01T00:00:00Z'), noInvalidDate: true }),
)
const MAX_INT8 = 9_223_372_036_854_775_807n
const anyInt8 = fc.bigInt({ min: -MAX_INT8 - 1n, max: MAX_INT8 })
const anyBytes = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))
const grid = <T>(value: fc.Arbitrary<T>) =>
  fc
    .integer({ min: 1, max: 3 })
    .chain((width) => fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 3 }))
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 8 })

/** What a program may hand to `map` for a column of this type. */
const CASES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  text: fc.oneof(anyText, fc.integer(), fc.boolean(), anyJson),
  'varchar(200)': anyText.map((value) => [...value].slice(0, 200).join('')),
  integer: fc.oneof(fc.integer(), fc.integer().map(String), fc.integer().map(BigInt)),
  bigint: fc.oneof(anyInt8, anyInt8.map(String), fc.constantFrom(MAX_INT8, -MAX_INT8 - 1n, Number.MAX_SAFE_INTEGER)),
  numeric: fc.oneof(
    fc.constantFrom(0.1, '0.10', '1e-200', 'NaN', Number.NaN, 'Infinity', 2n ** 63n, 2 ** 63),
    fc.double(),
  ),
  'double precision': fc.oneof(fc.double(), fc.constantFrom(0.1, -0, 5e-324, '0.30000000000000004', 'infinity')),
  boolean: fc.oneof(fc.boolean(), fc.constantFrom('t', 'no', 'on')),
  uuid: fc.oneof(
    fc.uuid(),
    fc.uuid().map((value) => value.toUpperCase()),
  ),
  bytea: fc.oneof(
    anyBytes,
    fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    fc.constant('\\x00ff5c22'),
  ),
  timestamptz: fc.oneof(
    anyDate,
    fc.constantFrom('infinity', '-infinity', '0044-03-15 00:00:00+00 BC', '2026-01-02T03:04:05.123456+02:00'),
  ),
  timestamp: fc.oneof(anyDate, fc.constantFrom('infinity', '2026-01-02 03:04:05.999999')),
  date: fc.oneof(anyDate, fc.constantFrom('2024-02-29', 'infinity', '0044-03-15 BC')),
  interval: fc.constantFrom('1 day 02:03:04.5', '-1 mons +2 days', 'P1Y2M'),
  inet: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('10.0.0.0/8')),
  mood: fc.constantFrom('sad', 'ok', 'very "happy", {really}', 'NULL', ''),
  short: fc.constantFrom('a', '', '12345', '"'),
  jsonb: fc.oneof(anyJson, fc.integer(), fc.boolean(), fc.constantFrom('"text"', '[1, "a"]', '1.00')),
  json: fc.oneof(anyJson, fc.constantFrom('{"a":1,"a":2}', '{"nul":"\\u0000"}')),
  'text[]': fc.oneof(fc.array(orNull(anyText)), grid(orNull(anyText)), fc.constant('{a,"b c"}')),
  'integer[]': fc.oneof(fc.array(orNull(fc.integer())), grid(fc.integer())),
  'boolean[]': fc.array(fc.boolean()),
  'bytea[]': fc.array(anyBytes),
  'timestamptz[]': fc.array(anyDate),
  'jsonb[]': fc.array(anyJson),
  'mood[]': fc.array(fc.constantFrom('sad', 'very "happy", {really}', 'NULL', '')),
  int4range: fc.constantFrom('[1,5)', 'empty', '(,3]'),
}

const SETUP = `
  create type mood as enum ('sad', 'ok', 'very "happy", {really}', 'NULL', '');
  create domain short as varchar(5)`

describe('values of any type', () => {
  beforeAll(async () => {
    await using client = await plainClient(database.url)
    await client.query(SETUP)
    await using handle = postgres(database.url)
    await handle.state.prepare(signal)
  })

  it.each(Object.entries(CASES))('%s: stored as a plain insert stores them', async (type, value) => {
    await using client = await plainClient(database.url)
    await client.query(`drop table if exists ours, plain`)
    for (const name of ['ours', 'plain']) await client.query(`create table ${name} (id int primary key, value ${type})`)
    await using handle = postgres(database.url)
    await using sink = await handle.upserts([handle.table('ours')], { flow: 'types' }, signal)
    const differing = `select count(*)::int4 as n from ours full join plain using (id)
      where ours.value::text is distinct from plain.value::text or ours.id is null or plain.id is null`
    await fc.assert(
      fc.asyncProperty(fc.array(orNull(value), { minLength: 1, maxLength: 30 }), async (values) => {
        await client.query('truncate ours, plain')
        await sink.write(batch(rowsets(...values.map((one, id) => ({ id, value: one })))), context())
        for (const [id, one] of values.entries()) {
          // For a json column `pg` would make an array of PostgreSQL of a JavaScript array.
          await client.query('insert into plain values ($1, $2)', [id, one])
        }
        expect((await client.query(differing)).rows).toEqual([{ n: 0 }])
      }),
      { numRuns: 15 },
    )
  })

  it('refuses what no value can be made of, and jsonb with a NUL in it, by item and before anything is sent', async () => {
    await using client = await plainClient(database.url)
    await client.query('drop table if exists ours; create table ours (id int primary key, value jsonb, at timestamptz)')
    await using handle = postgres(database.url)
    await using sink = await handle.upserts([handle.table('ours')], { flow: 'types' }, signal)
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    const unsupported: readonly Values[] = [
      { id: 1, value: circle },
      { id: 2, value: { fine: true } },
      { id: 3, at: new Date(Number.NaN) },
      { id: 4, value: Symbol('x') },
      { id: 5, value: { big: 1n } },
    ]
    expect(await badItems(sink, rowsets(...unsupported), 'value-unsupported')).toEqual([0, 2, 3, 4])
    const nul: readonly Values[] = [
      { id: 1, value: { 'a\0': 1 } },
      { id: 2, value: ['\\u0000'] },
      { id: 3, value: ['\ud800'] },
    ]
    expect(await badItems(sink, rowsets(...nul), 'invalid-text')).toEqual([0, 2])
    await using stripping = await handle.upserts(
      [handle.table('ours')],
      { flow: 'types', invalidText: 'strip' },
      signal,
    )
    await stripping.write(batch(rowsets(...nul)), context())
    const { rows } = await client.query('select id, value from ours order by id')
    expect(rows).toEqual([
      { id: 1, value: { a: 1 } },
      { id: 2, value: ['\\u0000'] },
      { id: 3, value: [''] },
    ])
  })
})

const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })
const upper = customType<{ data: string; driverData: string }>({
  dataType: () => 'text',
  toDriver: (value) => value.toUpperCase(),
})
const feeling = pgEnum('mood', ['sad', 'ok'])

const declared = pgTable('declared', {
  id: integer().primaryKey(),
  big: bigint({ mode: 'bigint' }),
  exact: numeric(),
  seenAt: timestamp('seen_at', { withTimezone: true }),
  day: date({ mode: 'date' }),
  days: timestamp({ withTimezone: true }).array(),
  tags: text().array(),
  bytes: bytea(),
  data: jsonb(),
  mood: feeling(),
  loud: upper(),
  made: text().$default(() => 'made'),
  touched: text().$onUpdate(() => 'touched'),
  inDatabase: text('in_database').default('database'),
})

const CREATE_DECLARED = `create table declared (id int primary key, big bigint, exact numeric, seen_at timestamptz, day date,
  days timestamptz[], tags text[], bytes bytea, data jsonb, mood mood, loud text, made text, touched text,
  in_database text default 'database', unknown_to_drizzle text default 'left alone')`

describe('a Drizzle table', () => {
  it('encodes by its columns, and knows defaults that the database does not', async () => {
    await using client = await plainClient(database.url)
    await client.query('drop table if exists declared')
    await client.query(CREATE_DECLARED)
    await using handle = postgres(database.url)
    await using sink = await handle.upserts([handle.table(declared)], { flow: 'types' }, signal)
    const caesar = new Date('-000043-03-15T12:00:00Z')
    const row: typeof declared.$inferInsert = {
      id: 1,
      big: MAX_INT8,
      exact: '0.10',
      seenAt: caesar,
      day: caesar,
      days: [caesar, new Date(0)],
      tags: ['a"b', 'NULL', '\\'],
      bytes: new Uint8Array([0, 255, 92]),
      data: 'a text',
      mood: 'ok',
      loud: 'quiet',
    }
    await sink.write(batch(rowsets(row)), context())
    await client.query(`update declared set made = 'other', touched = 'other', unknown_to_drizzle = 'other'`)
    await sink.write(batch(rowsets({ id: 1, exact: '0.20' }, { id: 2, seenAt: null })), context())
    await client.query(`set time zone 'UTC'`)
    const { rows } = await client.query<{ t: string }>('select declared::text as t from declared order by id')
    const line =
      '(1,9223372036854775807,0.20,"0044-03-15 12:00:00+00 BC","0044-03-15 BC","{""0044-03-15 12:00:00+00 BC"",""1970-01-01 00:00:00+00""}","{""a\\\\""b"",""NULL"",""\\\\\\\\""}","\\\\x00ff5c","""a text""",ok,QUIET,other,touched,database,other)'
    expect(rows.map(({ t }) => t)).toEqual([line, '(2,,,,,,,,,,,made,touched,database,"left alone")'])
  })

  it('refuses values of another type than declared', async () => {
    await using handle = postgres(database.url)
    await using sink = await handle.upserts([handle.table(declared)], { flow: 'types' }, signal)
    const items = rowsets(
      { id: 1, seenAt: 'now' },
      { id: 2, tags: 'a' },
      { id: 3 },
      { id: 4, seenAt: new Date(Number.NaN) },
    )
    expect(await badItems(sink, items, 'value-unsupported')).toEqual([0, 1, 3])
  })
})
