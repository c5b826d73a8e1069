import { memoryState } from 'lockstep/memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { ConfigError, UnavailableError } from '../../../src/core/errors.js'
import type { ExportOptions, TableExport } from '../../../src/core/export.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { ndjson } from '../../../src/flows/feed/format.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

const ROWS = 60_000
const database = testDatabase()
const db = postgres(database.url)
const options: ExportOptions = { signal: new AbortController().signal, maxSnapshotAgeMs: 60_000 }

async function sql(...statements: readonly string[]): Promise<void> {
  await using client = await plainClient(database.url)
  for (const statement of statements) await client.query(statement)
}

/** Column `text` of each row, by plain SQL. */
async function ask(query: string): Promise<string[]> {
  await using client = await plainClient(database.url)
  return (await client.query<{ text: string }>(query)).rows.map((row) => row.text)
}

async function linesOf(
  table: TableExport,
  reading: ExportOptions,
  onPage: () => Promise<void> = async () => undefined,
): Promise<string[]> {
  const lines: string[] = []
  for await (const { chunks } of table.json('\n', reading)) {
    lines.push(...Buffer.concat(chunks).toString().split('\n').slice(1))
    await onPage()
  }
  return lines
}

const READERS = `select pid::text as text from pg_stat_activity where application_name = 'lockstep feed' and datname = current_database()`
const OPEN = `select distinct xact_start::text as text from pg_stat_activity
  where application_name like 'lockstep%' and datname = current_database() and backend_xmin is not null`

beforeAll(() =>
  sql(
    'create table facility (id int primary key, name text, value int)',
    `insert into facility select n * 2, 'Facility ' || n, 0 from generate_series(1, ${ROWS}) n`,
    'vacuum analyze facility',
  ),
)
afterAll(() => db[Symbol.asyncDispose]())

describe('several readers', () => {
  it('give exactly one snapshot between them, whatever is inserted, moved, changed and deleted meanwhile', async () => {
    await sql('create table moving as table facility', 'alter table moving add primary key (id)')
    const before = await ask('select row_to_json(m)::text as text from moving m order by id')
    const table = await db.table('moving').exports(options.signal)
    let turn = 0
    let most = 0
    const rows = await linesOf(table, { ...options, readers: 3 }, async () => {
      turn += 1
      most = Math.max(most, (await ask(READERS)).length)
      await sql(
        `insert into moving select n * 2 + 1, 'new', 1 from generate_series(${turn}, ${ROWS}, 50) n on conflict do nothing`,
        `update moving set id = -id - ${turn} * 10000000 where id % 7 = 0 and id > 0`,
        `update moving set id = id + ${turn} * 10000000 where id % 11 = 0 and id between 0 and 200000`,
        'update moving set value = value + 1 where id % 3 = 0',
        'delete from moving where id % 5 = 0',
      )
    })
    expect(turn).toBeGreaterThan(3)
    // Those who read, and the one that walks ahead.
    expect(most).toBe(4)
    expect(rows).toEqual(before)
    expect(await ask(READERS)).toEqual([])
  })

  it('and chunks go by keys of several columns, of text in any collation, of fractions, moments and bytes', async () => {
    await sql(
      `create type mood as enum ('low', 'high')`,
      `create domain code as char(3)`,
      `create table keyed (a text collate "en-x-icu", b float8, c code, d timestamptz, e bool, f bytea, g mood, h numeric, primary key (a, b, c, d, e, f, g, h))`,
      `insert into keyed select (array['a','A','ä','b','', '''"', E'\\\\', E'z\\tz\\n'])[1 + n % 8], n / 3.0 - 900, left(md5((n % 9)::text), 2),
        '2026-01-01Z'::timestamptz + (n % 13) * interval '1.000001 s', n % 2 = 0, decode(md5(n::text), 'hex'), (array['low', 'high'])[1 + n % 2]::mood,
        case when n % 100 = 0 then 'NaN' else n / 7.0 end from generate_series(1, 24000) n`,
    )
    const table = await db.table('keyed').exports(options.signal, { where: 'not (e and h > 3000)' })
    const expected = await linesOf(table, options)
    expect(expected.length).toBeGreaterThan(20_000)
    expect(await linesOf(table, { ...options, readers: 2 })).toEqual(expected)
    expect(await linesOf(table, { ...options, consistency: 'chunks' })).toEqual(expected)
  })

  it('make the same files as one, so that nothing is published again and runs are resumed', async () => {
    await using place = await Place.make()
    const common = { from: db.table('facility'), as: ndjson(), to: place.store, rotate: { rows: 25_000 } } as const
    await publish(feed(common))
    const events: FlowEvent[] = []
    await publish(feed({ ...common, readers: 4, whenUnchanged: 'skip' }), { events })
    expect(events).toContainEqual(expect.objectContaining({ code: 'feed-unchanged' }))
    expect((await place.manifest())?.sequence).toBe(1)
  })

  it('fail together when one of them is cut off, and leave the feed that was there', async () => {
    await using place = await Place.make()
    const common = { from: db.table('facility'), as: ndjson(), to: place.store, rotate: { rows: 5_000 } } as const
    await publish(feed(common))
    const before = await place.names()
    let cuts = 0
    const cutting = (times: number) => async (row: Readonly<Record<string, unknown>>) => {
      if (row['id'] === 20_000 && cuts < times) {
        cuts += 1
        await ask(`select pg_terminate_backend(pid)::text as text from (${READERS} order by backend_start desc limit 1) r (pid_text),
          lateral (select pid_text::int as pid) p`)
      }
      return row
    }
    const once = feed({ ...common, map: cutting(1), readers: 2, patienceMs: 1 })
    await expect(publish(once)).rejects.toBeInstanceOf(UnavailableError)
    expect(await place.names()).toEqual(before)
    cuts = 0
    const events: FlowEvent[] = []
    await publish(feed({ ...common, map: cutting(1), readers: 2 }), { events })
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(1)
    const expected = await ask('select row_to_json(f)::text as text from facility f order by id')
    expect((await place.contents()).join('').trimEnd().split('\n')).toEqual(expected)
    expect(await ask(READERS)).toEqual([])
  })

  it('are refused where they cannot share a snapshot', async () => {
    await using place = await Place.make()
    const query = db.query('select id from facility', { key: ['id'] })
    for (const reading of [{ readers: 2 }, { consistency: 'chunks' }] as const) {
      const refused = publish(feed({ from: query, to: place.store, ...reading }))
      await expect(refused).rejects.toMatchObject({ code: 'option-unsupported', constructor: ConfigError })
    }
    expect(() => feed({ from: query, to: place.store, readers: 2, consistency: 'chunks' })).toThrow(ConfigError)
    expect(await place.names()).toEqual([])
  })
})

describe('a schema', () => {
  it('makes the same of the rows and refuses the same, by one reader, by several and in chunks', async () => {
    const state = memoryState()
    const Facility = z.object({ id: z.number(), name: z.string().refine((name) => !name.endsWith('77')) })
    const expected = await ask(
      `select json_build_object('id', id, 'name', name)::jsonb::text as text from facility where name not like '%77' order by id`,
    )
    for (const reading of [{}, { readers: 3 }, { consistency: 'chunks' }] as const) {
      await using place = await Place.make()
      const flow = feed({ from: db.table('facility'), schema: Facility, as: ndjson(), to: place.store, ...reading })
      await publish(flow, { state })
      const lines = (await place.contents()).join('').trimEnd().split('\n')
      expect(lines.map((line) => JSON.parse(line))).toEqual(expected.map((line) => JSON.parse(line)))
      expect(await place.manifest()).toMatchObject({ rows: expected.length, rejected: ROWS - expected.length })
      const report = await state.feeds.get('facilities', (await place.manifest())?.run ?? '')
      expect(report?.reasons).toMatchObject([{ code: 'schema-mismatch', count: ROWS - expected.length }])
      expect(report?.reasons[0]?.keys.slice(0, 2)).toEqual([['154'], ['354']])
    }
  })
})

describe('a feed in chunks', () => {
  it('has no transaction open for long, and says in the manifest that it is not of one moment', async () => {
    await using place = await Place.make()
    const common = { from: db.table('facility'), as: ndjson(), to: place.store, snapshotMs: 60_000 } as const
    const moments: Record<'snapshot' | 'chunks', Set<string>> = { snapshot: new Set(), chunks: new Set() }
    for (const consistency of ['snapshot', 'chunks'] as const) {
      const map = async (row: Readonly<Record<string, unknown>>) => {
        if (Number(row['id']) % 10_000 === 0) for (const moment of await ask(OPEN)) moments[consistency].add(moment)
        return row
      }
      await publish(feed({ ...common, consistency, map }))
      expect(
        JSON.parse(await place.text(`facilities-0000000${consistency === 'chunks' ? 2 : 1}.manifest.json`)),
      ).toMatchObject({ rows: ROWS, ...(consistency === 'chunks' ? { consistency } : {}) })
    }
    expect(moments.snapshot.size).toBe(1)
    expect(moments.chunks.size).toBeGreaterThan(1)
    const expected = await ask('select row_to_json(f)::text as text from facility f order by id')
    expect((await place.contents()).join('').trimEnd().split('\n')).toEqual(expected)
  })
})

describe('ranges', () => {
  it('are together the table as it was, in its order, however each is read', async () => {
    await sql(
      'create table wards (town text, number int, note text, primary key (town, number))',
      "insert into wards select 'Town ' || chr(39) || chr((65 + n % 20)) || chr(8364 + n % 7), n, null from generate_series(1, 20000) n",
    )
    const rows = 'select row_to_json(w)::text as text from wards w order by town, number'
    const before = await ask(rows)
    const table = await db.table('wards').exports(options.signal)
    const ranges = (await table.cut?.(5, options.signal)) ?? []
    expect(ranges).toHaveLength(5)
    expect(await table.cut?.(5, options.signal)).toEqual(ranges)
    const held = await db.holdSnapshot(options.signal)
    await sql('update wards set number = -number where number % 3 = 0', 'delete from wards where number % 7 = 0')
    const now = await ask(rows)
    const read = async (more: Partial<ExportOptions>): Promise<string[]> => {
      const parts: string[][] = []
      for (const range of ranges) parts.push(await linesOf(table, { ...options, ...more, range }))
      expect(Math.min(...parts.map((part) => part.length))).toBeGreaterThan(2_000)
      return parts.flat()
    }
    expect(await read({ snapshot: held.name })).toEqual(before)
    expect(await read({ snapshot: held.name, readers: 2 })).toEqual(before)
    expect(await read({ consistency: 'chunks' })).toEqual(now)
    await held.close()
    const gone = { ...options, snapshot: held.name, range: ranges[1] ?? {} }
    for (const readers of [1, 2]) {
      await expect(linesOf(table, { ...gone, readers })).rejects.toMatchObject({ code: 'snapshot-gone' })
    }
  })

  it('are few where there are few rows, and of the rows of a filter', async () => {
    const some = await db.table('facility').exports(options.signal, { where: 'id between 11 and 15' })
    expect(await some.cut?.(16, options.signal)).toEqual([
      { after: undefined, upTo: ['12'] },
      { after: ['12'], upTo: undefined },
    ])
    const none = await db.table('facility').exports(options.signal, { where: 'id < 0' })
    expect(await none.cut?.(16, options.signal)).toEqual([{ after: undefined, upTo: undefined }])
    const query = await db.query('select 1 as id', { key: ['id'] }).exports(options.signal)
    expect(query.cut).toBeUndefined()
  })
})
