import { once } from 'node:events'
import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { from as copyFrom } from 'pg-copy-streams'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { DataError, UnavailableError } from '../../../src/core/errors.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { csv, json, ndjson } from '../../../src/flows/feed/format.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

const database = testDatabase()
const ROWS = 10_000
const db = postgres(database.url)
const facility = pgTable('facility', {
  id: integer().primaryKey(),
  name: text().notNull(),
  openedAt: timestamp('opened_at', { withTimezone: true }),
})

async function sql(...statements: readonly string[]): Promise<void> {
  await using client = await plainClient(database.url)
  for (const statement of statements) await client.query(statement)
}

/** Column `text` of each row, by plain SQL. */
async function ask(query: string): Promise<string[]> {
  await using client = await plainClient(database.url)
  const { rows } = await client.query<{ text: string }>(query)
  return rows.map((row) => row.text)
}

beforeAll(() =>
  sql(
    'create table facility (id serial primary key, name text not null, opened_at timestamptz)',
    `insert into facility select n, 'Facility ' || n, '2026-01-01Z'::timestamptz + n * interval '1 minute' from generate_series(1, ${ROWS}) n`,
  ),
)
afterAll(() => db[Symbol.asyncDispose]())

describe('feed', () => {
  it('publishes a table as one JSON array, in the order of the key, and a manifest', async () => {
    await using place = await Place.make()
    const events: FlowEvent[] = []
    await publish(feed({ from: db.table('facility'), to: place.store }), { events })
    const manifest = await place.manifest()
    expect(manifest).toMatchObject({ sequence: 1, rows: ROWS, files: [{ rows: ROWS }] })
    const [content = ''] = await place.contents()
    const expected = await ask('select row_to_json(f)::text as text from facility f order by id')
    expect(JSON.parse(content)).toEqual(expected.map((row) => JSON.parse(row)))
    expect(await place.names()).toEqual([
      `facilities-00000001-${manifest?.run}-0001.json.gz`,
      'facilities-00000001.manifest.json',
      'facilities.latest.json',
    ])
    expect(JSON.parse(await place.text('facilities.latest.json'))).toMatchObject({ sequence: 1 })
    const items = events.flatMap((event) => (event.type === 'batch' ? [event.items] : []))
    expect(items.reduce((sum, count) => sum + count, 0)).toBe(ROWS)
  })

  it('begins a new file by rows, with every row in exactly one of them', async () => {
    await using place = await Place.make()
    await publish(feed({ from: db.table('facility'), as: ndjson(), to: place.store, rotate: { rows: 3_333 } }))
    const contents = await place.contents()
    expect((await place.manifest())?.files.map(({ rows }) => rows)).toEqual([3_333, 3_333, 3_333, 1])
    const rows = contents.flatMap((content) => content.trimEnd().split('\n'))
    expect(rows).toEqual(await ask('select row_to_json(f)::text as text from facility f order by id'))
  })

  it.each([
    { gzip: { level: 6 }, bytes: 20_000 },
    { gzip: false as const, bytes: 100_000 },
    { gzip: { level: 1 }, bytes: 1_500 },
  ])('keeps files below $bytes bytes as stored, and fills them', async ({ gzip, bytes }) => {
    await using place = await Place.make()
    const as = json({ envelope: 'data' })
    await publish(feed({ from: db.table('facility'), as, to: place.store, rotate: { bytes }, gzip }))
    const files = (await place.manifest())?.files ?? []
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect(file.bytes).toBeLessThanOrEqual(bytes)
    const sizes = files.slice(0, -1).map((file) => file.bytes)
    expect(sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toBeGreaterThan(bytes * 0.5)
    const rows: unknown[] = (await place.contents()).flatMap((content) => JSON.parse(content).data)
    const expected = await ask('select row_to_json(f)::text as text from facility f order by id')
    expect(rows).toEqual(expected.map((row) => JSON.parse(row)))
  })

  it('gives map the values of the Drizzle table, and publishes what it makes of them', async () => {
    await using place = await Place.make()
    const flow = feed({
      from: db.table(facility),
      map: async ({ id, name, openedAt }) =>
        id % 2 === 0 ? { entity_id: String(id), name, year: openedAt?.getUTCFullYear() } : undefined,
      as: ndjson(),
      to: place.store,
    })
    await publish(flow)
    const [content = ''] = await place.contents()
    const expected = await ask(`select json_build_object('entity_id', id::text, 'name', name,
      'year', extract(year from opened_at at time zone 'UTC')::int)::text as text from facility where id % 2 = 0 order by id`)
    expect(
      content
        .trimEnd()
        .split('\n')
        .map((row) => JSON.parse(row)),
    ).toEqual(expected.map((row) => JSON.parse(row)))
    expect(await place.manifest()).toMatchObject({ rows: ROWS / 2, skipped: ROWS / 2, rejected: 0 })
  })

  it('writes CSV that COPY reads back as the same table', async () => {
    await using place = await Place.make()
    await sql(
      'create table odd (id int primary key, a text, b text, c bool, d bytea)',
      `insert into odd values (1, 'a,"b"', E'line\\nend\\r\\n', true, '\\x00ff'), (2, '', null, null, ''),
        (3, ' space ', 'ünïcödé 🚀', false, null), (4, '\\N', 'NULL', null, '\\x22')`,
    )
    await publish(feed({ from: db.table('odd'), as: csv(), to: place.store, rotate: { rows: 3 } }))
    const contents = await place.contents()
    expect(contents).toHaveLength(2)
    await sql('create table odd_again (like odd)')
    await using client = await plainClient(database.url)
    for (const content of contents) {
      const copied = client.query(copyFrom('copy odd_again from stdin with (format csv, header match)'))
      copied.end(content)
      await once(copied, 'finish')
    }
    expect(await ask('select odd_again::text as text from odd_again order by id')).toEqual(
      await ask('select odd::text as text from odd order by id'),
    )
  })

  it('publishes an empty table as a file without rows', async () => {
    await using place = await Place.make()
    await sql('create table nothing (id int primary key)')
    await publish(feed({ from: db.table('nothing'), to: place.store }))
    expect((await place.contents()).map((content) => JSON.parse(content))).toEqual([[]])
  })

  it('refuses to publish a feed that has lost too many rows, and leaves the old one', async () => {
    await using place = await Place.make()
    await sql(
      'create table shrinking as select n as id from generate_series(1, 100) n',
      'alter table shrinking add primary key (id)',
    )
    const flow = feed({ from: db.table('shrinking'), to: place.store, shrink: 0.2 })
    await publish(flow)
    await sql('delete from shrinking where id <= 20')
    await publish(flow)
    await sql('delete from shrinking where id <= 37')
    const before = await place.names()
    await expect(publish(flow)).rejects.toMatchObject({ code: 'feed-shrunk', constructor: DataError })
    expect(await place.names()).toEqual(before)
    expect(await place.manifest()).toMatchObject({ sequence: 2, rows: 80 })
  })

  it('can skip a run that changes nothing', async () => {
    await using place = await Place.make()
    await sql(
      'create table still as select n as id from generate_series(1, 5000) n',
      'alter table still add primary key (id)',
    )
    const flow = feed({ from: db.table('still'), to: place.store, whenUnchanged: 'skip', rotate: { rows: 1_000 } })
    await publish(flow)
    const before = await place.names()
    const events: FlowEvent[] = []
    await publish(flow, { events })
    expect(await place.names()).toEqual(before)
    expect(events).toContainEqual(expect.objectContaining({ type: 'notice', code: 'feed-unchanged' }))
    await sql('insert into still values (5001)')
    await publish(flow)
    expect(await place.manifest()).toMatchObject({ sequence: 2, rows: 5_001 })
  })

  it('keeps as many feeds as it is told, each whole', async () => {
    await using place = await Place.make()
    const flow = feed({ from: db.table('facility'), to: place.store, keep: 3, rotate: { rows: 5_000 } })
    for (let turn = 0; turn < 5; turn++) await publish(flow)
    const names = await place.names()
    expect(names.filter((name) => name.endsWith('.manifest.json'))).toEqual(
      [3, 4, 5].map((sequence) => `facilities-0000000${sequence}.manifest.json`),
    )
    expect(names.filter((name) => name.endsWith('.gz'))).toHaveLength(6)
  })

  it('counts rejected rows, keeps their keys apart, and publishes the rest', async () => {
    await using place = await Place.make()
    await using quarantine = await Place.make()
    const flow = feed({
      from: db.table(facility),
      map: ({ id, name }) => {
        if (id % 1_000 === 1) throw new DataError('bad-name', 'the name is no good')
        if (id % 1_000 === 2) return { id, latitude: Number.NaN }
        if (id % 1_000 === 3) return { id, name: '\ud800' }
        if (id % 1_000 === 4) throw new TypeError(`secret ${name}`)
        if (id % 1_000 === 5) return { id: BigInt(id) }
        return { id, name, note: 'null \\ud800 is text' }
      },
      to: place.store,
      quarantine: quarantine.store,
    })
    await publish(flow)
    expect(await place.manifest()).toMatchObject({ rows: ROWS - 50, rejected: 50 })
    const [file = ''] = await quarantine.names()
    const lines = (await quarantine.text(file))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.slice(0, 5).map(({ key, code }) => [key, code])).toEqual([
      [[1], 'bad-name'],
      [[2], 'not-a-number'],
      [[3], 'malformed-text'],
      [[4], 'map-failed'],
      [[5], 'row-not-json'],
    ])
    expect(JSON.stringify(lines)).not.toContain('secret')
  })

  it('publishes nothing when too many rows are rejected', async () => {
    await using place = await Place.make()
    const map = ({ id }: { id: number }) => {
      if (id % 10 === 0) throw new DataError('bad', 'bad')
      return { id }
    }
    const flow = feed({ from: db.table(facility), map, to: place.store })
    await expect(publish(flow)).rejects.toMatchObject({ code: 'feed-rejected' })
    expect(await place.names()).toEqual([])
  })

  it('gives up a snapshot that grows too old', async () => {
    await using place = await Place.make()
    const map = () => new Promise((resolve) => setTimeout(resolve, 20, {}))
    const flow = feed({ from: db.table(facility), map, to: place.store, snapshotMs: 50 })
    await expect(publish(flow)).rejects.toMatchObject({ code: 'snapshot-too-old', constructor: UnavailableError })
    expect(await place.names()).toEqual([])
  })

  it('ends at once when it is drained, and leaves nothing', async () => {
    await using place = await Place.make()
    const drain = new AbortController()
    const map = () => {
      drain.abort()
      return {}
    }
    const flow = feed({ from: db.table(facility), map, to: place.store })
    await expect(publish(flow, { drain: drain.signal })).rejects.toMatchObject({ code: 'aborted' })
    expect(await place.names()).toEqual([])
  })
})
