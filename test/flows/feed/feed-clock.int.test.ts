import { sqlite } from 'lockstep/sqlite'
import { afterEach, expect, it, vi } from 'vitest'
import { feed } from '../../../src/flows/feed/feed.js'
import { ndjson } from '../../../src/flows/feed/format.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { Place, publish } from './feed-subject.js'

afterEach(() => void vi.useRealTimers())

it('a clock that goes back repeats no name, and the newest feed is the last that was published', async () => {
  await using file = await DatabaseFile.make()
  using client = file.client()
  await client.execute('create table shop (id integer primary key)')
  await using database = sqlite(file.path)
  await using place = await Place.make()
  const flow = feed({ from: database.table('shop'), as: ndjson(), to: place.store, gzip: false, keep: 2 })
  const used = new Set<string>()
  vi.useFakeTimers({ toFake: ['Date'] })
  const days = ['2026-05-04', '2026-05-03', '2024-02-29', '2026-05-04', '1999-12-31']
  for (const [at, day] of days.entries()) {
    vi.setSystemTime(new Date(`${day}T12:00:00Z`))
    await client.execute(`insert into shop values (${at + 1})`)
    await publish(flow)
    const manifest = await place.manifest()
    expect(manifest).toMatchObject({ sequence: at + 1, rows: at + 1 })
    for (const { name } of manifest?.files ?? []) {
      expect(used.has(name)).toBe(false)
      used.add(name)
    }
    const pointer = JSON.parse(await place.text('facilities.latest.json'))
    expect(pointer).toMatchObject({ sequence: at + 1 })
    const kept = (await place.names()).filter((name) => name.endsWith('.manifest.json'))
    expect(kept).toEqual(
      [at, at + 1].filter((each) => each > 0).map((each) => `facilities-0000000${each}.manifest.json`),
    )
  }
  expect(used.size).toBe(days.length)
  expect((await place.contents()).join('')).toBe([1, 2, 3, 4, 5].map((id) => `{"id":${id}}\n`).join(''))
})
