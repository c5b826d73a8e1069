import { memoryState } from 'lockstep/memory'
import { sqlite } from 'lockstep/sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { folder } from '../../../src/adapters/objects/files/index.js'
import { UnavailableError } from '../../../src/core/errors.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import { actionsCenter } from '../../../src/flows/feed/actions-center/actions-center.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { ndjson } from '../../../src/flows/feed/format.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { Place, publish } from './feed-subject.js'

const CANARY = 'canary-in-a-row'
const ROWS = 3_000
let file: DatabaseFile
const open = () => sqlite(file.path)

beforeAll(async () => {
  file = await DatabaseFile.make()
  using client = file.client()
  await client.batch([
    'create table shop (region text, id integer, name text, seats integer, primary key (region, id))',
    `insert into shop select 'north', value, '${CANARY} ' || value, value % 10
      from (with recursive n (value) as (select 1 union all select value + 1 from n where value < ${ROWS}) select value from n)`,
  ])
})
afterAll(() => file[Symbol.asyncDispose]())

/** Nine tenths of the rows are shops with seats; their name is theirs alone. */
const Shop = z.object({ id: z.number().max(2_990), seats: z.number().min(1), name: z.string() })

describe('the report of a run', () => {
  it('has what was wrong with rows by reason and key, and leads from the feed to itself', async () => {
    await using database = open()
    await using place = await Place.make()
    const state = memoryState()
    const flow = feed({
      from: database.table('shop'),
      schema: Shop,
      map: ({ id, seats, name }) => {
        if (id === 7) throw new TypeError(`no ${String(name)}`)
        return id === 8 ? undefined : { id: Number(id), seats: Number(seats), name: String(name) }
      },
      as: ndjson(),
      to: place.store,
      stopAbove: 0.2,
    })
    await publish(flow, { state })
    const manifest = await place.manifest()
    const report = await state.feeds.get('facilities', manifest?.run ?? '')
    // 300 have no seats, 10 an id that is too large, of which the last is among those.
    expect(report).toMatchObject({
      flow: 'facilities',
      feed: 'facilities',
      store: place.store.label,
      outcome: 'published',
      sequence: 1,
      read: ROWS,
      skipped: 1,
      rejected: 310,
      rows: ROWS - 311,
      files: 1,
      error: undefined,
      keyColumns: ['region', 'id'],
      others: 0,
    })
    expect(report?.reasons.map(({ code, reason, count, keys }) => [code, reason, count, keys.length])).toEqual([
      ['schema-mismatch', 'seats: expected at least 1', 300, 100],
      ['schema-mismatch', 'id: expected at most 2990', 10, 10],
      ['map-failed', 'map threw TypeError', 1, 1],
    ])
    expect(report?.reasons[0]?.keys.slice(0, 2)).toEqual([
      ['north', '10'],
      ['north', '20'],
    ])
    expect(report?.reasons[1]?.keys.at(-1)).toEqual(['north', '3000'])
    expect(JSON.stringify([report, await state.feeds.list({ flow: 'facilities' })])).not.toContain(CANARY)
  })

  it('is kept of a run that is refused, that finds nothing new, that fails and that is stopped', async () => {
    await using database = open()
    await using place = await Place.make()
    const state = memoryState()
    const common = { from: database.table('shop'), as: ndjson(), to: place.store } as const
    const reject = (modulo: number) => (row: Readonly<Record<string, unknown>>) => {
      if (Number(row['id']) % modulo === 0) throw new RangeError(CANARY)
      return row
    }
    const newest = async () => {
      const [run] = await state.feeds.list({ flow: 'facilities', limit: 1 })
      return state.feeds.get('facilities', run?.id ?? '')
    }
    const thrown = [{ code: 'map-failed', reason: 'map threw RangeError' }]

    await expect(publish(feed({ ...common, map: reject(3) }), { state })).rejects.toThrow('cannot be published')
    expect(await newest()).toMatchObject({
      outcome: 'refused',
      sequence: undefined,
      rejected: 1_000,
      error: { code: 'feed-rejected', message: expect.stringContaining('1000 of 3000 rows') },
      reasons: [{ ...thrown[0], count: 1_000, keys: { length: 100 } }],
    })
    for (const outcome of ['published', 'unchanged']) {
      await publish(feed({ ...common, map: reject(100), whenUnchanged: 'skip' }), { state })
      expect(await newest()).toMatchObject({ outcome, sequence: 1, rejected: 30, reasons: thrown })
    }
    const shrunk = publish(feed({ ...common, where: 'id < 100', map: reject(50), shrink: 0.1 }), { state })
    await expect(shrunk).rejects.toMatchObject({ code: 'feed-shrunk' })
    expect(await newest()).toMatchObject({ outcome: 'refused', read: 99, rows: 98, rejected: 1, reasons: thrown })

    const away = folder(place.path)
    away.list = () => Promise.reject(new UnavailableError('gone', 'store: it is away'))
    await expect(publish(feed({ ...common, to: away, patienceMs: 1 }), { state })).rejects.toThrow('it is away')
    expect(await newest()).toMatchObject({
      outcome: 'failed',
      read: 0,
      reasons: [],
      error: { code: 'gone', message: 'store: it is away' },
    })
    const drain = new AbortController()
    const slow = feed({
      ...common,
      map: async (row) => {
        drain.abort()
        return row
      },
    })
    await expect(publish(slow, { state, drain: drain.signal })).rejects.toMatchObject({ code: 'aborted' })
    expect(await newest()).toMatchObject({ outcome: 'stopped', error: { code: 'aborted' } })
    expect((await state.feeds.list({ flow: 'facilities' })).map(({ outcome }) => outcome)).toEqual(
      ['refused', 'published', 'unchanged', 'refused', 'failed', 'stopped'].toReversed(),
    )
  })

  it('says apart each thing that the Actions Center would refuse', async () => {
    await using database = open()
    await using place = await Place.make()
    const state = memoryState()
    const flow = feed({
      from: database.table('shop'),
      map: ({ id, name }) => ({
        entity_id: String(id),
        name: String(name),
        ...(Number(id) % 50 === 0 ? { url: 'nowhere' } : {}),
        location: { latitude: Number(id) % 25 === 0 ? 91 : 1, longitude: 1 },
      }),
      as: actionsCenter('reservewithgoogle.entity', { address: 'optional' }),
      to: place.store,
      stopAbove: 0.1,
    })
    await publish(flow, { state })
    const [run] = await state.feeds.list({ flow: 'facilities' })
    expect(run).toMatchObject({ rejected: 120, outcome: 'published' })
    expect((await state.feeds.get('facilities', run?.id ?? ''))?.reasons).toMatchObject([
      { code: 'entity-invalid', reason: 'location.latitude is not between -90 and 90', count: 120 },
      { code: 'entity-invalid', reason: expect.stringMatching(/^url must be/), count: 60, keys: { length: 60 } },
    ])
  })

  it('is of so many runs and keys as the flow says, and of none where it says so', async () => {
    await using database = open()
    await using place = await Place.make()
    const state = memoryState()
    const common = {
      from: database.table('shop'),
      map: ({ id }: Readonly<Record<string, unknown>>) => (id === 1 ? Number.NaN : id),
      as: ndjson(),
      to: place.store,
    }
    for (let run = 0; run < 3; run++) {
      await publish(feed({ ...common, history: { keepRuns: 2, keepKeys: 0 } }), { state })
    }
    const runs = await state.feeds.list({ flow: 'facilities' })
    expect(runs.map(({ sequence }) => sequence)).toEqual([3, 2])
    expect((await state.feeds.get('facilities', runs[0]?.id ?? ''))?.reasons).toMatchObject([{ count: 1, keys: [] }])
    await publish(feed({ ...common, history: false }), { state })
    expect(await state.feeds.list({ flow: 'facilities' })).toEqual(runs)
  })

  it('stops no feed when it cannot be kept', async () => {
    await using database = open()
    await using place = await Place.make()
    const state = memoryState()
    let attempts = 0
    state.feeds.save = async () => {
      attempts += 1
      throw new UnavailableError('gone', 'memory: is down\n  at length')
    }
    const events: FlowEvent[] = []
    await publish(feed({ from: database.table('shop'), to: place.store }), { state, events })
    expect(await place.manifest()).toMatchObject({ sequence: 1, rows: ROWS })
    expect(attempts).toBeGreaterThan(1)
    expect(events.filter((event) => event.type === 'notice' && event.code === 'history-unwritten')).toMatchObject([
      { level: 'warn', message: 'this run is not in the history of feeds: memory: is down' },
    ])
  })
})
