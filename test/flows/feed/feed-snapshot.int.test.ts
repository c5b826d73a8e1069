import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { ConflictError } from '../../../src/core/errors.js'
import type { ExportOptions } from '../../../src/core/export.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { ndjson } from '../../../src/flows/feed/format.js'
import { deferred } from '../../support/fault.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

const database = testDatabase()
const db = postgres(database.url)
afterAll(() => db[Symbol.asyncDispose]())

const options: ExportOptions = { signal: new AbortController().signal, maxSnapshotAgeMs: 60_000 }

async function sql(...statements: readonly string[]): Promise<void> {
  await using client = await plainClient(database.url)
  for (const statement of statements) await client.query(statement)
}

async function ask(query: string): Promise<string[]> {
  await using client = await plainClient(database.url)
  await client.query("set timezone = 'UTC'")
  return (await client.query<{ text: string }>(query)).rows.map((row) => row.text)
}

const textOf = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString()

describe('an export of a PostgreSQL table', () => {
  it('gives exactly one snapshot, whatever is inserted, moved, changed and deleted meanwhile', async () => {
    await sql(
      'create table moving (id int primary key, value int)',
      'insert into moving select n * 2, 0 from generate_series(1, 7000) n',
    )
    const table = await db.table('moving').exports(options.signal)
    const before = await ask('select row_to_json(m)::text as text from moving m order by id')
    const rows: string[] = []
    let turn = 0
    for await (const { chunks } of table.json('\n', options)) {
      turn += 1
      rows.push(...textOf(chunks).split('\n').slice(1))
      // Behind, at and before the place of the reader.
      await sql(
        'insert into moving select n * 2 + 1, 1 from generate_series(1, 7000) n on conflict do nothing',
        `update moving set id = -id - ${turn} * 10000000 where id % 7 = 0 and id > 0`,
        `update moving set id = id + ${turn} * 10000000 where id % 11 = 0 and id between 0 and 100000`,
        'update moving set value = value + 1',
        'delete from moving where id % 5 = 0',
      )
    }
    expect(rows).toEqual(before)
  })

  it('orders and pages by keys of several columns, of text in any collation, and of numbers with fractions', async () => {
    await sql(
      `create table keyed (a text collate "en-x-icu", b float8, c char(3), d timestamptz, e bool, primary key (a, b, c, d, e))`,
      `insert into keyed select (array['a','A','ä','b','', '"', E'\\\\', 'z z'])[1 + n % 8], n / 3.0 - 900, left(md5((n % 9)::text), 2),
        '2026-01-01Z'::timestamptz + (n % 13) * interval '1.000001 s', n % 2 = 0 from generate_series(1, 9000) n`,
    )
    const table = await db.table('keyed').exports(options.signal)
    const rows: string[] = []
    for await (const { chunks } of table.json('\n', options)) rows.push(...textOf(chunks).split('\n').slice(1))
    expect(rows).toEqual(await ask('select row_to_json(k)::text as text from keyed k order by a, b, c, d, e'))
  })

  it('keeps every digit of every type in JSON that the database makes', async () => {
    await sql(
      `create type mood as enum ('fine', 'so "so"')`,
      `create table typed (id bigint primary key, s smallint, n numeric, d numeric(30,10), r real, f float8, t text, v varchar(9), c char(5), b bytea,
        u uuid, j json, jb jsonb, o bool, da date, ti time, ts timestamp, tz timestamptz, i interval, ip inet, m mood, ta text[], na numeric[],
        ia int[][], ra int4range, bi bit(3), mo money, x xml, "odd ""name" text)`,
      `insert into typed values
        (9223372036854775807, -32768, 12345678901234567890.123456789, 0.0000000001, 'NaN', '-Infinity', E'line\\nend\\t"\\\\ 🚀', 'ü', 'a', '\\x00ff',
          'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', E'{"a" : 1.10,\\n "b":\\r [9007199254740993]}', '{"z": 9007199254740993}', true, 'infinity', '24:00', '-infinity',
          '2026-01-01 00:00:00.123456+05', '1 mon -2 days', '10.0.0.1/8', 'so "so"', array['a,b', null, '"', ''], array[1.10, null], '{{1,2},{3,4}}', '[1,5)',
          '101', '12.34', '<a>\n</a>', 'x')`,
      'insert into typed (id) values (1)',
    )
    const table = await db.table('typed').exports(options.signal)
    const rows: string[] = []
    for await (const { chunks } of table.json('\n', options)) rows.push(...textOf(chunks).split('\n').slice(1))
    const expected = await ask(
      `select translate(row_to_json(t.*)::text, E'\\r\\n', '  ') as text from typed t order by id`,
    )
    expect(rows).toEqual(expected)
    await using client = await plainClient(database.url)
    await client.query(`set timezone = 'UTC'`)
    const back = await client.query(
      `select count(*)::int as same from typed t join json_populate_record(null::typed, $1::json) r on t.id = r.id
        where t.id > 1 and (t.n, t.d, t.f, t.t, t.c, t.b, t.u, t.jb, t.da, t.ti, t.ts, t.tz, t.i, t.ip, t.m, t.ta, t.na, t.ia, t.ra, t.bi, t.mo)
          is not distinct from (r.n, r.d, r.f, r.t, r.c, r.b, r.u, r.jb, r.da, r.ti, r.ts, r.tz, r.i, r.ip, r.m, r.ta, r.na, r.ia, r.ra, r.bi, r.mo)`,
      [rows[1]],
    )
    expect(back.rows).toEqual([{ same: 1 }])
  })

  it('gives tables named by text plain values, and text where JavaScript would lose digits', async () => {
    await sql(
      `create table valued (id int primary key, big bigint, n numeric, f float8, t text, o bool, j jsonb, ts timestamptz, "__proto__" text)`,
      `insert into valued values (1, 9223372036854775807, 1.10, 'NaN', 'x', false, '{"a":[1,"2"]}', '2026-01-01Z', 'own')`,
      'insert into valued (id) values (2)',
    )
    const table = await db.table('valued').exports(options.signal)
    const pages = []
    for await (const rows of table.values(options)) pages.push(...rows)
    expect(pages.map((row) => Object.entries(row))).toEqual([
      [
        ['id', 1],
        ['big', '9223372036854775807'],
        ['n', '1.10'],
        ['f', Number.NaN],
        ['t', 'x'],
        ['o', false],
        ['j', { a: [1, '2'] }],
        ['ts', '2026-01-01 00:00:00+00'],
        ['__proto__', 'own'],
      ],
      [['id', 2], ...['big', 'n', 'f', 't', 'o', 'j', 'ts', '__proto__'].map((name) => [name, null])],
    ])
  })

  it('reads rows of very different sizes in pages of bounded size', async () => {
    await sql(
      'create table sized (id int primary key, body text)',
      `insert into sized select n, case when n % 500 = 0 then repeat(md5(n::text), 100000) else 'small' end from generate_series(1, 5000) n`,
    )
    const table = await db.table('sized').exports(options.signal)
    const sum = createHash('md5')
    let rows = 0
    for await (const page of table.json('\n', options)) {
      rows += page.rows
      if (page.rows > 1) expect(Buffer.concat(page.chunks).length).toBeLessThan(2_000_000)
      sum.update(textOf(page.chunks))
    }
    expect(rows).toBe(5_000)
    const expected = createHash('md5')
    for (const row of await ask('select row_to_json(s)::text as text from sized s order by id'))
      expected.update(`\n${row}`)
    expect(sum.digest('hex')).toBe(expected.digest('hex'))
  })
})

describe('several exporters of one feed at once', () => {
  it('publish one manifest between them; the others publish nothing and leave nothing', async () => {
    await using place = await Place.make()
    await sql(
      'create table raced as select n as id from generate_series(1, 100) n',
      'alter table raced add primary key (id)',
    )
    let begun = 0
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    // All have looked at what is published before any of them goes on.
    const map = async (row: Readonly<Record<string, unknown>>) => {
      if (row['id'] === 1 && ++begun === 5) open()
      await gate
      return row
    }
    const flows = Array.from({ length: 5 }, () => feed({ from: db.table('raced'), map, as: ndjson(), to: place.store }))
    const ends = await Promise.allSettled(flows.map((flow) => publish(flow)))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(ConflictError)
    const manifest = await place.manifest()
    expect(await place.names()).toEqual([
      `facilities-00000001-${manifest?.run}-0001.ndjson.gz`,
      'facilities-00000001.manifest.json',
      'facilities.latest.json',
    ])
  })

  it('publish one manifest, though one is frozen in the middle and goes on when the other has published', async () => {
    await using place = await Place.make()
    await sql(
      'create table thawed as select n as id, repeat(md5(n::text), 8) as body from generate_series(1, 30000) n',
      'alter table thawed add primary key (id)',
    )
    const [reached, gate] = [deferred(), deferred()]
    const standing = async (row: Readonly<Record<string, unknown>>) => {
      if (row['id'] !== 30_000) return row
      reached.resolve()
      await gate.promise
      return row
    }
    const options = { from: db.table('thawed'), as: ndjson(), to: place.store, rotate: { rows: 5_000 } }
    const frozen = publish(feed({ ...options, map: standing })).catch((error: unknown) => error)
    await reached.promise
    // Files of it are finished: they must neither be published nor be taken for the other's.
    const files = async (): Promise<readonly string[]> => (await place.names()).filter((name) => name.endsWith('.gz'))
    await expect.poll(async () => (await files()).length).toBeGreaterThan(0)
    await publish(feed({ ...options, map: (row: unknown) => row }))
    const published = await place.manifest()
    gate.resolve()
    expect(await frozen).toBeInstanceOf(ConflictError)
    expect(await place.manifest()).toEqual(published)
    expect(published).toMatchObject({ sequence: 1, rows: 30_000 })
    expect(await files()).toEqual(published?.files.map(({ name }) => name))
    expect((await place.contents()).join('').trimEnd().split('\n')).toHaveLength(30_000)
  })
})
