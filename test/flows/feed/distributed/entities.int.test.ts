import { int as mysqlInteger, mysqlTable, text as mysqlText, varchar } from 'drizzle-orm/mysql-core'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { graphileQueue } from '../../../../src/adapters/graphile/queue.js'
import { mysql } from '../../../../src/adapters/mysql/index.js'
import { postgres } from '../../../../src/adapters/postgres/index.js'
import type { RangedWork, RangeQueue } from '../../../../src/core/distribute.js'
import { UnavailableError } from '../../../../src/core/errors.js'
import type { Flow } from '../../../../src/core/flow.js'
import { Secret } from '../../../../src/core/secret.js'
import { actionsCenter } from '../../../../src/flows/feed/actions-center/actions-center.js'
import { feed } from '../../../../src/flows/feed/feed.js'
import { plainMariadb, testMariadb } from '../../../support/mariadb.js'
import { plainClient, testDatabase } from '../../../support/postgres.js'
import { Place, publish } from '../feed-subject.js'

const ROWS = 4_000
const RANGES = 6
const NAME = 'reservewithgoogle.entity'
const database = testDatabase('b')
const queueDatabase = testDatabase('a')
const maria = testMariadb()
const pg = postgres(database.url)
const my = mysql(maria.url)

interface Row {
  readonly id: number
  readonly code: string
  readonly name: string
}
const facility = pgTable('facility', { id: integer().primaryKey(), code: text().notNull(), name: text().notNull() })
const facilityInMysql = mysqlTable('facility', {
  id: mysqlInteger().primaryKey(),
  code: varchar({ length: 40 }).notNull(),
  name: mysqlText().notNull(),
})

/**
 * Codes of rows far apart and near, of two, three and more; the first of some has no name, and so is none. In words of
 * both servers.
 */
const CODE = `case when id % 500 = 0 then 'of many' when id % 200 = 1 then concat('pair ', mod(id, 2000))
  when id % 100 = 2 then concat('near ', floor(id / 200)) else concat('own ', id) end`
const NAMED = `case when id < 700 and id % 200 = 1 then '' when id % 300 = 7 then ' ' else concat('name ', id) end`

beforeAll(async () => {
  await using client = await plainClient(database.url)
  await client.query('create table facility (id int primary key, code text not null, name text not null)')
  await client.query(`insert into facility select id, ${CODE}, ${NAMED} from generate_series(1, ${ROWS}) id`)
  await using other = await plainMariadb(maria.url)
  await other.query('create table facility (id int primary key, code varchar(40) not null, name text not null)')
  await other.query(
    `insert into facility select id, ${CODE}, ${NAMED} from (select seq as id from seq_1_to_${ROWS}) numbers`,
  )
})
afterAll(async () => {
  await Promise.all([pg, my].map((each) => each[Symbol.asyncDispose]()))
})

const ADDRESS = { country: 'US', locality: 'Sunnyvale', postal_code: '94089', street_address: '815 11th Ave' }
const map = ({ id, code, name }: Row) => ({
  ...{ entity_id: code, name },
  location: { latitude: id % 90, longitude: 0, address: ADDRESS },
})

interface To {
  readonly to: Place
  readonly aside: Place
}

function flowOf(which: 'postgres' | 'mysql', { to, aside }: To, alone = false): Flow {
  const places = { to: to.store, quarantine: aside.store }
  const shape = { as: actionsCenter(NAME), rotate: { rows: 300 }, stopAbove: 0.2, ...places }
  const distribute = { postgres: queueDatabase.url, ranges: RANGES, waitMs: 20_000 }
  if (which === 'postgres') return feed({ from: pg.table(facility), map, ...shape, ...(alone ? {} : { distribute }) })
  const shared = alone ? {} : ({ distribute, consistency: 'ranges' } as const)
  return feed({ from: my.table(facilityInMysql), map, ...shape, ...shared })
}

/** One worker, which loses the queue the first time that it is at a range for the second time. */
async function workersOf(flow: Flow, queue: RangeQueue) {
  const drain = new AbortController()
  const taken = new Map<number, number>()
  let failed = false
  const { ranged } = flow
  if (ranged === undefined) throw new Error('the flow has no ranges')
  const work: RangedWork = {
    fingerprint: ranged.fingerprint,
    work: async (job, context) => {
      const times = (taken.get(job.index) ?? 0) + 1
      taken.set(job.index, times)
      const result = await ranged.work(job, context)
      if (times === 1 || failed) return result
      failed = true
      throw new UnavailableError('cut', 'the range is done, and its worker cannot say so')
    },
  }
  const serving = queue.serve({
    ...{ name: 'worker', flows: new Map([['facilities', work]]), concurrency: 2, once: false, drain: drain.signal },
    told: () => {},
  })
  return {
    taken,
    get failed() {
      return failed
    },
    async [Symbol.asyncDispose]() {
      drain.abort()
      await serving
    },
  }
}

async function shareOut(flow: Flow): Promise<ReadonlyMap<number, number>> {
  await using queue = graphileQueue(new Secret(queueDatabase.url))
  await using workers = await workersOf(flow, queue)
  await publish(flow, { queue })
  expect(workers.failed).toBe(true)
  return workers.taken
}

const Data = z.strictObject({ data: z.array(z.object({ entity_id: z.string(), name: z.string() })) })

async function entitiesOf(place: Place): Promise<readonly string[]> {
  const contents = await place.contents()
  return contents.flatMap((text) =>
    Data.parse(JSON.parse(text)).data.map(({ entity_id, name }) => `${entity_id}: ${name}`),
  )
}

/** The first row with a name of each code, by SQL. */
async function expected(): Promise<readonly string[]> {
  await using client = await plainClient(database.url)
  const { rows } = await client.query<{ line: string }>(`select code || ': ' || name as line from (
    select *, row_number() over (partition by code order by id) as nth from facility where trim(name) <> '') named
    where nth = 1 order by id`)
  return rows.map(({ line }) => line)
}

async function quarantineOf(aside: Place): Promise<string> {
  const [name = ''] = await aside.names()
  return aside.text(name)
}

describe.each(['postgres', 'mysql'] as const)('entities of %s that workers write', (which) => {
  it('are those of one process, each entity_id once, the first of the table', async () => {
    await using to = await Place.make()
    await using aside = await Place.make()
    await using single = await Place.make()
    await using singleAside = await Place.make()
    const taken = await shareOut(flowOf(which, { to, aside }))
    await publish(flowOf(which, { to: single, aside: singleAside }, true))
    const entities = await entitiesOf(to)
    expect(entities).toEqual(await expected())
    expect(entities).toEqual(await entitiesOf(single))
    expect([...taken.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5])
    expect(taken.get(0), 'nothing comes before the first range').toBe(1)
    const [manifest, alone] = [await to.manifest(), await single.manifest()]
    expect(manifest).toMatchObject({ rows: alone?.rows, rejected: alone?.rejected, skipped: 0 })
    expect(manifest?.rejected).toBe(ROWS - entities.length)
    expect(await quarantineOf(aside)).toBe(await quarantineOf(singleAside))
    const files = manifest?.files.map(({ name }) => name)
    const descriptor = (await to.names()).find((name) => name.endsWith('.filesetdesc.json')) ?? ''
    expect(JSON.parse(await to.text(descriptor))).toMatchObject({ name: NAME, data_file: files })
    // Of a range that was written twice only the files of the second time are left.
    expect((await to.names()).filter((name) => name.endsWith('.gz'))).toEqual(files)
  })
})

describe('too many equal keys', () => {
  it('are told as one process tells them, and nothing is published', async () => {
    await using client = await plainClient(database.url)
    await client.query(`create table twins (like facility)`)
    await client.query(`insert into twins select id, 'c ' || id % ${ROWS / 2}, 'n' from generate_series(1, ${ROWS}) id`)
    await client.query('alter table twins add primary key (id)')
    await using to = await Place.make()
    const twins = pgTable('twins', { id: integer().primaryKey(), code: text().notNull(), name: text().notNull() })
    const distribute = { postgres: queueDatabase.url, ranges: RANGES, waitMs: 20_000 }
    const shape = { from: pg.table(twins), map, as: actionsCenter(NAME), to: to.store }
    const alone = await publish(feed(shape)).catch(String)
    const shared = await shareOut(feed({ ...shape, distribute })).catch(String)
    expect(alone).toContain(`${ROWS / 2} of ${ROWS} rows cannot be published (${ROWS / 2} entity-repeated`)
    expect(shared).toBe(alone)
    expect(await to.names()).toEqual([])
  })
})
