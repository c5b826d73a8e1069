import { doublePrecision, pgTable, serial, text } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { armFailpoint } from '../../../src/core/failpoint.js'
import type { Flow } from '../../../src/core/flow.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import { actionsCenter } from '../../../src/flows/feed/actions-center/actions-center.js'
import type { ActionsCenterEntity } from '../../../src/flows/feed/actions-center/entity.js'
import { feed } from '../../../src/flows/feed/feed.js'
import type { FeedOptions } from '../../../src/flows/feed/options.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

const NAME = 'reservewithgoogle.entity'
const ROWS = 1_000
const database = testDatabase()
const db = postgres(database.url)
const facility = pgTable('facility', {
  id: serial().primaryKey(),
  name: text(),
  latitude: doublePrecision(),
  longitude: doublePrecision(),
})
type Facility = typeof facility.$inferSelect

async function sql(...statements: readonly string[]): Promise<void> {
  await using client = await plainClient(database.url)
  for (const statement of statements) await client.query(statement)
}

beforeAll(() => sql('create table facility (id serial primary key, name text, latitude float8, longitude float8)'))
beforeEach(() =>
  sql(
    'truncate facility',
    `insert into facility select n, 'Place ' || n, n % 90, -n % 180 from generate_series(1, ${ROWS}) n`,
  ),
)
afterAll(() => db[Symbol.asyncDispose]())

const ADDRESS = { country: 'US', locality: 'Sunnyvale', postal_code: '94089', street_address: '815 11th Ave' }
const map = ({ id, name, latitude, longitude }: Facility) => ({
  entity_id: String(id),
  name: name ?? '',
  location: { latitude, longitude, address: ADDRESS },
})

function flowTo(
  place: Place,
  change: Partial<Omit<FeedOptions<Facility, ActionsCenterEntity>, 'map'>> & { metadata?: boolean } = {},
): Flow {
  const { metadata = false, ...rest } = change
  return feed({ from: db.table(facility), map, as: actionsCenter(NAME, { metadata }), to: place.store, ...rest })
}

const Descriptor = z.strictObject({
  generation_timestamp: z.number().int(),
  name: z.string(),
  data_file: z.array(z.string()),
})
const Metadata = z.strictObject({
  processing_instruction: z.literal('PROCESS_AS_COMPLETE'),
  shard_number: z.number().int(),
  total_shards: z.number().int(),
  nonce: z.number().int(),
  generation_timestamp: z.number().int(),
})
const Data = z.strictObject({ data: z.array(z.object({ entity_id: z.string() })), metadata: Metadata.optional() })

/** All descriptors, the oldest first, and their names; read as the consumer does, who knows of no manifest. */
async function descriptors(place: Place) {
  const names = (await place.names()).filter((name) => name.endsWith('.filesetdesc.json'))
  const all = await Promise.all(
    names.map(async (object) => ({ object, ...Descriptor.parse(JSON.parse(await place.text(object))) })),
  )
  return all.sort((left, right) => left.generation_timestamp - right.generation_timestamp)
}

async function newest(place: Place) {
  const last = (await descriptors(place)).at(-1)
  const files = await Promise.all(
    (last?.data_file ?? []).map(async (name) => Data.parse(JSON.parse(await place.text(name)))),
  )
  return { timestamp: last?.generation_timestamp ?? 0, object: last?.object, names: last?.data_file ?? [], files }
}

async function problems(flow: Flow) {
  return (await flow.verifyFeed?.('facilities', new AbortController().signal))?.problems
}

describe('a feed for the Actions Center', () => {
  it('has compressed files with the entities, and a descriptor that names them', async () => {
    await using place = await Place.make()
    const before = Math.floor(Date.now() / 1000)
    const flow = flowTo(place, { rotate: { rows: 400 } })
    await publish(flow)
    const { timestamp, object, names, files } = await newest(place)
    expect(object).toBe(`${NAME}-${timestamp}.filesetdesc.json`)
    expect(timestamp).toBeGreaterThanOrEqual(before)
    expect(names.every((name) => name.endsWith('.json.gz'))).toBe(true)
    expect(files.map(({ data, metadata }) => [data.length, metadata])).toEqual([
      [400, undefined],
      [400, undefined],
      [200, undefined],
    ])
    const ids = files.flatMap(({ data }) => data.map((entity) => entity.entity_id))
    expect(ids).toEqual(Array.from({ length: ROWS }, (_, index) => String(index + 1)))
    expect(await problems(flow)).toEqual([])
  })

  it('can say in each file which shard of how many it is', async () => {
    await using place = await Place.make()
    const flow = flowTo(place, { metadata: true, rotate: { bytes: 3_000 } })
    await publish(flow)
    const { timestamp, files } = await newest(place)
    expect(files.length).toBeGreaterThan(3)
    const blocks = files.map(({ metadata }) => metadata)
    expect(blocks.map((block) => block?.shard_number)).toEqual(files.map((_, index) => index))
    expect(new Set(blocks.map((block) => block?.total_shards))).toEqual(new Set([files.length]))
    expect(new Set(blocks.map((block) => block?.generation_timestamp))).toEqual(new Set([timestamp]))
    expect(new Set(blocks.map((block) => block?.nonce)).size).toBe(1)
    expect(files.flatMap(({ data }) => data)).toHaveLength(ROWS)
    for (const { bytes } of (await place.manifest())?.files ?? []) expect(bytes).toBeLessThanOrEqual(3_000)
    expect(await problems(flow)).toEqual([])
  })

  it('has timestamps that only rise: within a second, and when the clock or another program was ahead', async () => {
    await using place = await Place.make()
    for (let turn = 0; turn < 3; turn++) await publish(flowTo(place))
    const ahead = Math.floor(Date.now() / 1000) + 5_000
    const writer = await place.store.create(`${NAME}-${ahead}.filesetdesc.json`, {
      contentType: 'application/json',
      signal: new AbortController().signal,
    })
    await writer.write(Buffer.from(JSON.stringify({ generation_timestamp: ahead, name: NAME, data_file: [] })))
    await writer.commit()
    for (let turn = 0; turn < 2; turn++) await publish(flowTo(place))
    const stamps = (await descriptors(place)).map((each) => each.generation_timestamp)
    expect(stamps).toHaveLength(6)
    expect(new Set(stamps).size).toBe(6)
    expect(stamps.slice(-3)).toEqual([ahead, ahead + 1, ahead + 2])
    expect((await newest(place)).files.flatMap(({ data }) => data)).toHaveLength(ROWS)
  })

  it('keeps descriptors as long as their files, and none of another program', async () => {
    await using place = await Place.make()
    const foreign = `${NAME}-1500000000.filesetdesc.json`
    const writer = await place.store.create(foreign, { contentType: 'x', signal: new AbortController().signal })
    await writer.write(Buffer.from('{"generation_timestamp":1500000000,"name":"other","data_file":[]}'))
    await writer.commit()
    for (let turn = 0; turn < 4; turn++) await publish(flowTo(place, { keep: 2 }))
    const found = await descriptors(place)
    expect(found.map(({ object }) => object)).toContain(foreign)
    expect(found).toHaveLength(3)
    const names = await place.names()
    for (const { data_file } of found) expect(names).toEqual(expect.arrayContaining(data_file))
  })

  it('makes up for a descriptor that a killed run did not make, also when nothing has changed since', async () => {
    await using place = await Place.make()
    const flow = flowTo(place, { whenUnchanged: 'skip' })
    const disarm = armFailpoint('feed:before-descriptor', () => {
      throw new Error('killed')
    })
    await expect(publish(flow)).rejects.toThrow('killed')
    disarm()
    expect(await descriptors(place)).toEqual([])
    expect(await problems(flow)).toEqual([expect.objectContaining({ problem: 'is missing' })])
    const events: FlowEvent[] = []
    await publish(flow, { events })
    expect(events).toContainEqual(expect.objectContaining({ code: 'feed-unchanged' }))
    expect(await descriptors(place)).toHaveLength(1)
    expect(await problems(flow)).toEqual([])
  })

  it('tells every entity that is wrong by key and reason, publishes the others, and tells too many files', async () => {
    await using place = await Place.make()
    await using quarantine = await Place.make()
    await sql(
      `update facility set latitude = 'NaN' where id = 10`,
      'update facility set longitude = 181 where id = 20',
      `update facility set name = null where id = 30`,
    )
    const halved = (row: Facility) => (row.id === 40 ? { ...map(row), name: '\ud83d' } : map(row))
    const repeated = (row: Facility) => (row.id === 50 ? { ...halved(row), entity_id: '1' } : halved(row))
    const events: FlowEvent[] = []
    const as = actionsCenter(NAME)
    const options = { from: db.table(facility), to: place.store, as, quarantine: quarantine.store }
    await publish(feed({ ...options, map: repeated, rotate: { rows: 40 } }), { events })
    expect((await newest(place)).files.flatMap(({ data }) => data)).toHaveLength(ROWS - 5)
    const [file = ''] = await quarantine.names()
    const lines = (await quarantine.text(file)).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { key: [10], code: 'entity-invalid', reason: 'location.latitude is no number (NaN or infinite)' },
      { key: [20], code: 'entity-invalid', reason: 'location.longitude is not between -180 and 180' },
      { key: [30], code: 'entity-invalid', reason: 'name is empty' },
      { key: [40], code: 'entity-invalid', reason: 'name holds half a surrogate pair' },
      { key: [50], code: 'entity-repeated', reason: 'entity_id is that of an entity before, and must be unique' },
    ])
    expect(events).toContainEqual(expect.objectContaining({ code: 'feed-many-files' }))
  })

  it('publishes nothing when too many entities are wrong, says which, and leaves the old feed as it was', async () => {
    await using place = await Place.make()
    await using quarantine = await Place.make()
    const flow = flowTo(place, { quarantine: quarantine.store })
    await publish(flow)
    const before = await place.names()
    await sql('update facility set latitude = 1000 where id % 10 = 0')
    await expect(publish(flow)).rejects.toMatchObject({ code: 'feed-rejected' })
    expect(await place.names()).toEqual(before)
    expect(await problems(flow)).toEqual([])
    const [file = ''] = await quarantine.names()
    expect((await quarantine.text(file)).trimEnd().split('\n')).toHaveLength(ROWS / 10)
  })
})
