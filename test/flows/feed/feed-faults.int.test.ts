import { execFileSync } from 'node:child_process'
import { appendFile, copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder } from '../../../src/adapters/objects/files/index.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { ConfigError, ConflictError, UnavailableError } from '../../../src/core/errors.js'
import { armFailpoint } from '../../../src/core/failpoint.js'
import type { Flow } from '../../../src/core/flow.js'
import type { ObjectStore } from '../../../src/core/object-store.js'
import { feed } from '../../../src/flows/feed/feed.js'
import { csv, json, ndjson } from '../../../src/flows/feed/format.js'
import type { FeedOptions } from '../../../src/flows/feed/options.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { Place, publish } from './feed-subject.js'

const database = testDatabase()
const db = postgres(database.url)
const { signal } = new AbortController()

async function sql(...statements: readonly string[]): Promise<void> {
  await using client = await plainClient(database.url)
  for (const statement of statements) await client.query(statement)
}

beforeAll(() =>
  sql(
    'create table facility (id int primary key, name text)',
    `insert into facility select n, md5(n::text) || case when n % 3 = 0 then E'\\n"' else '' end from generate_series(1, 300) n`,
  ),
)
afterAll(() => db[Symbol.asyncDispose]())

async function problems(flow: Flow): Promise<readonly string[]> {
  const found = await flow.verifyFeed?.('facilities', signal)
  return (found?.problems ?? []).map(({ problem }) => problem)
}

describe('verifying a feed', () => {
  it.each([
    { what: 'JSON, compressed', options: { as: json({ envelope: 'data' }) } },
    { what: 'JSON lines', options: { as: ndjson(), gzip: false as const } },
    { what: 'CSV, compressed', options: { as: csv() } },
  ])('finds every cut of a file of $what, and no fault in a whole one', async ({ options }) => {
    await using place = await Place.make()
    const flow = feed({ from: db.table('facility'), to: place.store, ...options })
    await publish(flow)
    expect(await problems(flow)).toEqual([])
    const [{ name, bytes } = { name: '', bytes: 0 }] = (await place.manifest())?.files ?? []
    const path = join(place.path, name)
    await copyFile(path, `${path}.whole`)
    const step = Math.max(1, Math.floor(bytes / 200))
    for (let length = 0; length < bytes; length += step) {
      await copyFile(`${path}.whole`, path)
      await truncate(path, length)
      expect(await problems(flow), `cut to ${length} of ${bytes} bytes`).toHaveLength(1)
    }
    await copyFile(`${path}.whole`, path)
    expect(await problems(flow)).toEqual([])
  })

  it('finds a changed byte, a file too long, a missing file, and a manifest that was changed or cut', async () => {
    await using place = await Place.make()
    const flow = feed({ from: db.table('facility'), to: place.store })
    await publish(flow)
    const [{ name } = { name: '' }] = (await place.manifest())?.files ?? []
    const path = join(place.path, name)
    const whole = await readFile(path)
    const changed = Buffer.from(whole)
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1
    await writeFile(path, changed)
    expect(await problems(flow)).toEqual([expect.stringContaining('sha256')])
    await writeFile(path, whole)
    await appendFile(path, whole)
    expect(await problems(flow)).toEqual([expect.stringContaining('bytes')])
    await rm(path)
    expect(await problems(flow)).toEqual(['is missing'])
    await writeFile(path, whole)
    const manifest = join(place.path, 'facilities-00000001.manifest.json')
    const text = await readFile(manifest, 'utf8')
    await writeFile(manifest, text.replace('"rows": 300', '"rows": 301'))
    expect(await problems(flow)).toEqual([expect.stringContaining('was changed')])
    for (const length of [0, 1, text.length >> 1, text.length - 3]) {
      await writeFile(manifest, text.slice(0, length))
      expect(await problems(flow), `manifest cut to ${length}`).toEqual([expect.stringContaining('no manifest')])
    }
  })

  it('publishes on after the newest manifest was damaged', async () => {
    await using place = await Place.make()
    const flow = feed({ from: db.table('facility'), to: place.store })
    await publish(flow)
    await publish(flow)
    await writeFile(join(place.path, 'facilities-00000002.manifest.json'), '{')
    await publish(flow)
    expect(await place.manifest()).toMatchObject({ sequence: 3, rows: 300 })
    expect(await problems(flow)).toEqual([])
  })
})

/** The store, but for what becomes of the commit of a manifest. */
function withManifestCommit(store: ObjectStore, become: (commit: () => Promise<void>) => Promise<void>): ObjectStore {
  return {
    system: store.system,
    label: store.label,
    create: async (name, options) => {
      const writer = await store.create(name, options)
      if (!name.endsWith('.manifest.json')) return writer
      // A request that is under way cannot be taken back.
      return {
        write: (bytes) => writer.write(bytes),
        commit: () => become(() => writer.commit()),
        abort: async () => undefined,
      }
    },
    read: (name, each) => store.read(name, each),
    list: (prefix, each) => store.list(prefix, each),
    delete: (names, each) => store.delete(names, each),
    sweep: (prefix, olderThanMs, each) => store.sweep(prefix, olderThanMs, each),
    diagnose: (each) => store.diagnose(each),
  }
}

describe('a feed', () => {
  const mounted = process.getuid?.() === 0 ? it : it.skip

  mounted('fails loudly on a full disk, leaves no manifest and no files, and the old feed as it was', async () => {
    await using place = await Place.make()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place.path])
    try {
      const options = { from: db.table('facility'), as: ndjson(), to: place.store, patienceMs: 300 }
      await publish(feed(options))
      const before = await place.names()
      // What cannot be compressed, and more than fits.
      const { randomBytes } = await import('node:crypto')
      const map = () => ({ noise: randomBytes(8_000).toString('base64') })
      const large = feed({ ...options, map, rotate: { rows: 50 } })
      await expect(publish(large)).rejects.toMatchObject({ code: 'store-full', constructor: UnavailableError })
      expect(await place.names()).toEqual(before)
      expect(await problems(feed(options))).toEqual([])
      await publish(feed(options))
      expect(await place.manifest()).toMatchObject({ sequence: 2 })
    } finally {
      execFileSync('umount', ['-l', place.path])
    }
  })

  it('publishes nothing when what it wrote reads back damaged', async () => {
    await using place = await Place.make()
    const flow = feed({ from: db.table('facility'), to: place.store, rotate: { rows: 100 }, patienceMs: 1 })
    let files = 0
    const disarm = armFailpoint('feed:after-file', () => {
      files += 1
      if (files % 3 === 2) execFileSync('sh', ['-c', 'for f in "$1"/*.gz; do : > "$f"; done', 'sh', place.path])
    })
    try {
      await expect(publish(flow)).rejects.toMatchObject({ code: 'feed-damaged' })
    } finally {
      disarm()
    }
    expect(await place.names()).toEqual([])
  })

  it('knows its own manifest again when the store says that it is there already', async () => {
    await using place = await Place.make()
    const store = withManifestCommit(place.store, async (commit) => {
      await commit()
      throw new ConflictError('object-exists', 'the put was repeated, as its answer was lost')
    })
    const flow = feed({ from: db.table('facility'), to: store })
    await publish(flow)
    expect(await place.manifest()).toMatchObject({ sequence: 1, rows: 300 })
    expect(await problems(flow)).toEqual([])
  })

  it('leaves the files of a manifest that may still come, and the feed is whole when it comes', async () => {
    await using place = await Place.make()
    let late: (() => Promise<void>) | undefined
    const store = withManifestCommit(place.store, async (commit) => {
      late = commit
      throw new UnavailableError('store-timeout', 'no answer in time')
    })
    const flow = feed({ from: db.table('facility'), to: store, patienceMs: 1 })
    await expect(publish(flow)).rejects.toMatchObject({ code: 'manifest-unknown' })
    await late?.()
    expect(await place.manifest()).toMatchObject({ sequence: 1, rows: 300 })
    expect(await problems(flow)).toEqual([])
  })

  it('sweeps the files of a manifest that never came', async () => {
    await using place = await Place.make()
    const store = withManifestCommit(place.store, async () => {
      throw new UnavailableError('store-timeout', 'no answer in time')
    })
    const from = db.table('facility')
    await expect(publish(feed({ from, to: store, patienceMs: 1 }))).rejects.toMatchObject({ code: 'manifest-unknown' })
    expect((await place.names()).filter((name) => name.endsWith('.gz'))).toHaveLength(1)
    await publish(feed({ from, to: place.store }))
    const manifest = await place.manifest()
    expect((await place.names()).filter((name) => name.endsWith('.gz'))).toEqual(
      manifest?.files.map(({ name }) => name),
    )
  })

  it('waits for a connection that is lost, and begins again from a new snapshot', async () => {
    await using place = await Place.make()
    let killed = false
    const map = async (row: Readonly<Record<string, unknown>>) => {
      if (!killed) {
        killed = true
        await sql(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
          and application_name like 'lockstep%' and pid <> pg_backend_pid()`)
      }
      return row
    }
    const flow = feed({ from: db.table('facility'), map, as: ndjson(), to: place.store })
    await publish(flow)
    expect(await place.manifest()).toMatchObject({ rows: 300 })
    expect((await place.names()).filter((name) => name.endsWith('.gz'))).toHaveLength(1)
  })

  it.each<{ what: string; change: Partial<FeedOptions<unknown, unknown>> & Record<string, unknown> }>([
    { what: 'a name that leads elsewhere', change: { name: '../feed' } },
    { what: 'a name with a slash', change: { name: 'a/b' } },
    { what: 'no rows in a file', change: { rotate: { rows: 0 } } },
    { what: 'a level there is not', change: { gzip: { level: 10 } } },
    { what: 'keeping nothing', change: { keep: 0 } },
    { what: 'a share above 1', change: { shrink: 20 } },
    { what: 'an option there is not', change: { kep: 3 } },
    { what: 'CSV of what map makes without columns', change: { as: csv(), map: (row: unknown) => row } },
  ])('refuses $what before it does anything', async ({ change }) => {
    await using place = await Place.make()
    expect(() => feed({ from: db.table('facility'), to: place.store, ...change })).toThrow(ConfigError)
  })

  it('refuses a CSV of columns that the table has not, and a folder it cannot make', async () => {
    await using place = await Place.make()
    const from = db.table('facility')
    await expect(publish(feed({ from, as: csv({ columns: ['id', 'nam'] }), to: place.store }))).rejects.toMatchObject({
      code: 'column-missing',
    })
    const nowhere = folder(join(place.path, 'not', 'there'))
    await expect(publish(feed({ from, to: nowhere }))).rejects.toMatchObject({ code: 'folder-missing' })
    expect(await place.names()).toEqual([])
  })
})
