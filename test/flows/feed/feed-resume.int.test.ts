import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgres } from '../../../src/adapters/postgres/index.js'
import type { ObjectStore } from '../../../src/core/object-store.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { ndjson } from '../../../src/flows/feed/format.js'
import { verifyManifest } from '../../../src/flows/feed/verify-feed.js'
import { type BuiltCli, builtCli } from '../../support/built-cli.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { counted } from './counted-store.js'
import { FEED_CONFIG } from './feed-config.js'
import { Place, publish } from './feed-subject.js'

const ROWS = 20_000
const server = testDatabase()
const db = postgres(server.url)
let cli: BuiltCli

beforeAll(async () => {
  cli = await builtCli()
  await using client = await plainClient(server.url)
  await client.query(`create table versions as select n as id, md5(n::text) as body from generate_series(1, ${ROWS}) n`)
  await client.query('alter table versions add primary key (id)')
})
afterAll(async () => {
  await cli[Symbol.asyncDispose]()
  await db[Symbol.asyncDispose]()
})

/** Another number of readers than the killed run has, as the files are the same. */
const flowInto = (to: ObjectStore) =>
  feed({ from: db.table('versions'), as: ndjson(), to, name: 'versions', readers: 3, rotate: { rows: 400 } })

/** Killed as by `kill -9` when so many files were finished. Answers the names of those. */
async function killedAfter(place: Place, files: number): Promise<readonly string[]> {
  const env = { FEED_URL: server.url, FEED_FOLDER: place.path, LOCKSTEP_FAILPOINT: `feed:after-file:${files}` }
  const { signal } = await cli.start(['run', 'versions', '--config', FEED_CONFIG], { env }).ended
  expect(signal).toBe('SIGKILL')
  // The config has two readers and one that walks ahead; the server notices that all of them are gone.
  await using client = await plainClient(server.url)
  const readers = `select 1 from pg_stat_activity where application_name = 'lockstep feed' and datname = current_database()`
  await expect.poll(async () => (await client.query(readers)).rowCount, { timeout: 30_000 }).toBe(0)
  return readdirSync(place.path).filter((name) => name.startsWith('versions-') && name.endsWith('.gz'))
}

async function expectWhole(place: Place): Promise<void> {
  await using client = await plainClient(server.url)
  const { rows } = await client.query<{ text: string }>(
    'select row_to_json(v)::text as text from versions v order by id',
  )
  expect((await place.contents()).join('')).toBe(rows.map(({ text }) => `${text}\n`).join(''))
  const verified = await verifyManifest(place.store, 'versions-00000001.manifest.json', new AbortController().signal)
  expect(verified).toMatchObject({ rows: rows.length, problems: [] })
  // Files have names of the run that published them; those of the killed one are swept.
  const run = String((await place.manifest())?.run)
  const files = (await place.names()).filter((name) => name.endsWith('.gz'))
  expect(files).toHaveLength(Math.ceil(rows.length / 400))
  expect(files.every((name) => name.includes(run))).toBe(true)
}

describe('a feed after one that was killed', () => {
  it('sends only what the killed one had not, where the rows are still the same', async () => {
    await using place = await Place.make()
    const left = await killedAfter(place, 30)
    expect(left.length).toBe(30)
    const { store, sent } = counted(place.store)
    await publish(flowInto(store))
    await expectWhole(place)
    const bytes = (await place.manifest())?.files.map((file) => file.bytes) ?? []
    const total = (some: readonly number[]): number => some.reduce((sum, each) => sum + each, 0)
    expect(total([...sent.values()])).toBe(total(bytes.slice(30)))
    expect(sent.size).toBe(20)
  })

  it('sends those files again in which rows are others, or stand elsewhere', async () => {
    await using place = await Place.make()
    await killedAfter(place, 30)
    await using client = await plainClient(server.url)
    await client.query(`update versions set body = md5('other') where id in (1, 799)`)
    await client.query('delete from versions where id = 11999')
    const { store, sent } = counted(place.store)
    await publish(flowInto(store))
    await expectWhole(place)
    // The first two, the thirtieth, and those that were not there.
    expect(sent.size).toBe(3 + 20)
  })

  it('begins again when a file that it compares with is deleted meanwhile', async () => {
    await using place = await Place.make()
    const left = await killedAfter(place, 3)
    let begun = false
    const { store } = counted(place.store, async (name) => {
      if (begun || !left.includes(name)) return
      begun = true
      await place.store.delete(left, new AbortController().signal)
    })
    const events: FlowEvent[] = []
    await publish(flowInto(store), { events })
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(1)
    await expectWhole(place)
  })
})
