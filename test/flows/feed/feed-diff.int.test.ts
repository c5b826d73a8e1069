import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { diffFeeds, type FeedDifference } from '../../../src/flows/feed/diff/diff-feeds.js'
import type { FeedPlace } from '../../../src/flows/feed/diff/feed-rows.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { csv, json, ndjson } from '../../../src/flows/feed/format.js'
import { readManifest } from '../../../src/flows/feed/manifest.js'
import type { FeedOptions } from '../../../src/flows/feed/options.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

const ROWS = 9_000
const database = testDatabase()
const db = postgres(database.url)
const { signal } = new AbortController()
const thing = pgTable('thing', { id: text().primaryKey(), size: integer(), note: text() })
type Thing = typeof thing.$inferSelect

async function sql(...statements: readonly string[]): Promise<void> {
  await using client = await plainClient(database.url)
  for (const statement of statements) await client.query(statement)
}

async function ask(query: string): Promise<string[]> {
  await using client = await plainClient(database.url)
  const { rows } = await client.query<{ text: string }>(query)
  return rows.map((row) => row.text)
}

/** Keys whose order by collation is not that of their bytes. */
beforeAll(() =>
  sql(
    'create table thing (id text primary key, size int, note text)',
    `insert into thing select (array['a','B','é','_'])[1 + n % 4] || n, n, 'a "note"' || chr(8232) from generate_series(1, ${ROWS}) n`,
  ),
)
afterAll(() => db[Symbol.asyncDispose]())

async function placeOf(place: Place, sequence: number): Promise<FeedPlace> {
  const object = `facilities-0000000${sequence}.manifest.json`
  return { store: place.store, manifest: await readManifest(place.store, object, signal) }
}

async function diff(left: FeedPlace, right: FeedPlace, key?: readonly string[]) {
  const found: FeedDifference[] = []
  const options = { signal, difference: (each: FeedDifference) => void found.push(each) }
  return { found, ...(await diffFeeds(left, right, key === undefined ? options : { ...options, key })) }
}

describe('the difference of two feeds', () => {
  it.each<{ what: string; options: Partial<Omit<FeedOptions<Thing, unknown>, 'from'>>; key?: readonly string[] }>([
    { what: 'JSON, compressed', options: { as: json({ envelope: 'data' }), rotate: { rows: 2_000 } } },
    { what: 'JSON lines', options: { as: ndjson(), gzip: false, rotate: { rows: 4_000 } } },
    { what: 'what map made', options: { as: json(), map: (row) => ({ ...row, of: { id: row.id } }) }, key: ['id'] },
  ])('of $what is what plain SQL says', async ({ options, key }) => {
    await using place = await Place.make()
    const flow = feed({ from: db.table(thing), to: place.store, keep: 9, ...options })
    await sql('create table before as select * from thing')
    await publish(flow)
    await publish(flow)
    await sql(
      'delete from thing where size % 500 < 3',
      'update thing set note = null where size % 333 = 0',
      `insert into thing select 'n' || n, -n, 'new' from generate_series(1, 500) n`,
    )
    await publish(flow)
    const [one, two, three] = [await placeOf(place, 1), await placeOf(place, 2), await placeOf(place, 3)]
    const after = `thing a full join before b using (id)`
    const expected = {
      removed: await ask(`select to_json(id)::text as text from ${after} where a.* is null order by id collate "C"`),
      added: await ask(`select to_json(id)::text as text from ${after} where b.* is null order by id collate "C"`),
      changed: await ask(
        `select to_json(id)::text as text from ${after} where a.size = b.size and a.note is distinct from b.note order by id collate "C"`,
      ),
    }
    await sql(
      'drop table before',
      'truncate thing',
      `insert into thing select (array['a','B','é','_'])[1 + n % 4] || n, n, 'a "note"' || chr(8232) from generate_series(1, ${ROWS}) n`,
    )
    expect(await diff(one, two, key)).toMatchObject({
      added: 0,
      removed: 0,
      changed: 0,
      rows: { left: ROWS, right: ROWS },
    })
    const { found, ...counts } = await diff(one, three, key)
    const byKind = (kind: FeedDifference['kind']) =>
      found
        .flatMap((each) => (each.kind === kind ? [each.key] : []))
        .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    for (const kind of ['removed', 'added', 'changed'] as const) {
      expect(expected[kind].length, kind).toBeGreaterThan(10)
      expect(byKind(kind), kind).toEqual(expected[kind])
      expect(counts[kind]).toBe(expected[kind].length)
    }
    expect(new Set(found.flatMap(({ kind, fields }) => (kind === 'changed' ? fields : [])))).toEqual(new Set(['note']))
  })

  it('is refused where it could not be right', async () => {
    await using place = await Place.make()
    const from = db.table(thing)
    const shuffled = ({ id, size }: Thing) => ({ id: String((Number(size) * 7_919) % ROWS), was: id })
    await publish(
      feed({ from, to: place.store, map: (row: Thing) => ({ id: String(Number(row.size) % ROWS) }), as: ndjson() }),
    )
    await publish(feed({ from, to: place.store, map: shuffled, as: ndjson() }))
    await publish(feed({ from, to: place.store, as: csv() }))
    const [one, two, three] = [await placeOf(place, 1), await placeOf(place, 2), await placeOf(place, 3)]
    await expect(diff(one, two)).rejects.toMatchObject({ code: 'feed-key' })
    await expect(diff(one, two, ['id'])).rejects.toMatchObject({ code: 'feed-order' })
    await expect(diff(one, one, ['no'])).rejects.toMatchObject({ code: 'feed-key' })
    await expect(diff(one, three)).rejects.toMatchObject({ code: 'feed-format' })
  })
})
