import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli, type RunningCli } from '../../support/built-cli.js'
import { plainClient, testDatabase } from '../../support/postgres.js'
import { FEED_CONFIG } from './feed-config.js'
import { Place, type ReadManifest } from './feed-subject.js'

const ROWS = 2_000
const SOURCES = fileURLToPath(new URL('../../../src/flows/feed', import.meta.url))
/** Every failpoint of feeds, so that none is forgotten. */
const FAILPOINTS = readdirSync(SOURCES)
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => [...readFileSync(join(SOURCES, file), 'utf8').matchAll(/failpoint\('([^']+)'\)/g)])
  .map(([, name = '']) => name)

const database = testDatabase()
let cli: BuiltCli

beforeAll(async () => {
  cli = await builtCli()
  await using client = await plainClient(database.url)
  await client.query(
    `create table versions as select n as id, 0 as version from generate_series(1, ${ROWS}) n; alter table versions add primary key (id)`,
  )
})
afterAll(() => cli[Symbol.asyncDispose]())

function start(place: Place, failpoint?: string): RunningCli {
  const env = { FEED_URL: database.url, FEED_FOLDER: place.path }
  return cli.start(['run', 'versions', '--config', FEED_CONFIG], {
    env: { ...env, ...(failpoint === undefined ? {} : { LOCKSTEP_FAILPOINT: failpoint }) },
  })
}

/** All rows get the next version in one transaction: a feed with two versions in it was mixed. */
async function nextVersion(): Promise<void> {
  await using client = await plainClient(database.url)
  await client.query('update versions set version = version + 1')
}

/** Reads the newest feed as a customer would; throws on anything that is not one whole feed. */
async function readOnce(place: Place): Promise<number | undefined> {
  const manifest = await place.manifest()
  if (manifest === undefined) return undefined
  const files = await Promise.all(manifest.files.map((file) => readWhole(place, file)))
  const rows = files.flatMap((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  )
  expect(rows.map((row) => row.id)).toEqual(Array.from({ length: ROWS }, (_, index) => index + 1))
  const versions = new Set(rows.map((row) => row.version))
  expect(versions.size, 'a feed of one snapshot').toBe(1)
  return manifest.sequence
}

async function readWhole(place: Place, file: ReadManifest['files'][number]): Promise<string> {
  const bytes = await readFile(join(place.path, file.name))
  expect(bytes.length).toBe(file.bytes)
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256)
  return gunzipSync(bytes).toString()
}

/** Polls all the time; what it saw last is never older than before. */
function poll(place: Place): { stop(): Promise<number> } {
  let over = false
  let reads = 0
  const polling = (async () => {
    let last = 0
    while (!over) {
      const sequence = await readOnce(place)
      expect(sequence ?? 0).toBeGreaterThanOrEqual(last)
      last = sequence ?? 0
      reads += 1
      await delay(5)
    }
  })()
  // It fails the test when it is awaited.
  polling.catch(() => undefined)
  return {
    async stop() {
      over = true
      await polling
      return reads
    },
  }
}

describe('a feed whose exporters are killed', () => {
  it('is whole for every reader at every moment, and what they left is swept', async () => {
    await using place = await Place.make()
    const reader = poll(place)
    expect(FAILPOINTS.length).toBeGreaterThanOrEqual(6)
    expect((await start(place).ended).code).toBe(0)
    for (const failpoint of FAILPOINTS) {
      for (const nth of failpoint.endsWith('-file') ? [1, 4] : [1]) {
        await nextVersion()
        const { signal, stdout, stderr } = await start(place, `${failpoint}:${nth}`).ended
        expect(signal, `${failpoint} was passed ${nth} times: ${stdout} ${stderr}`).toBe('SIGKILL')
      }
    }
    const before = await place.names()
    expect((await start(place).ended).code).toBe(0)
    expect(await reader.stop()).toBeGreaterThan(20)
    expect((await place.manifest())?.sequence).toBeGreaterThan(3)
    const after = await place.names()
    const runs = new Set(await runsOf(place))
    expect(before.filter((name) => name.endsWith('.gz') && !runs.has(name.split('-')[2] ?? '')).length).toBeGreaterThan(
      0,
    )
    expect(after.filter((name) => name.endsWith('.gz')).every((name) => runs.has(name.split('-')[2] ?? ''))).toBe(true)
    expect(after.filter((name) => name.endsWith('.manifest.json'))).toHaveLength(3)
  }, 180_000)
})

describe('lockstep feed verify', () => {
  it('reads the newest feed of a flow, or a manifest by its path, and says whether it is whole', async () => {
    await using place = await Place.make()
    expect((await start(place).ended).code).toBe(0)
    const verify = (subject: string) => {
      const env = { FEED_URL: database.url, FEED_FOLDER: place.path }
      return cli.start(['feed', 'verify', subject, '--json', '--config', FEED_CONFIG], { env }).ended
    }
    const manifest = join(place.path, 'versions-00000001.manifest.json')
    for (const subject of ['versions', manifest]) {
      const { code, stdout } = await verify(subject)
      expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, rows: ROWS, files: 5, problems: [] })
    }
    const [{ name } = { name: '' }] = (await place.manifest())?.files ?? []
    await truncate(join(place.path, name), 100)
    for (const subject of ['versions', manifest]) {
      const { code, stdout } = await verify(subject)
      expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 5, problems: [{ file: name }] })
    }
    expect((await verify('nothing')).code).toBe(2)
  })
})

describe('lockstep feed list', () => {
  it('says which feeds there are, and which of them a listing shows to be damaged', async () => {
    await using place = await Place.make()
    const list = (...more: readonly string[]) => {
      const env = { FEED_URL: database.url, FEED_FOLDER: place.path }
      return cli.start(['feed', 'list', 'versions', '--config', FEED_CONFIG, ...more], { env }).ended
    }
    expect(await list()).toMatchObject({ code: 0, stdout: expect.stringContaining('no feed was published') })
    for (let run = 0; run < 2; run++) expect((await start(place).ended).code).toBe(0)
    const [{ name } = { name: '' }] = (await place.manifest())?.files ?? []
    await truncate(join(place.path, name), 100)
    await writeFile(join(place.path, 'versions-00000001.manifest.json'), '{')
    const { code, stdout } = await list('--json')
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      code: 0,
      feeds: [
        { sequence: 2, newest: true, rows: ROWS, files: 5, problems: [{ file: name }] },
        { sequence: 1, newest: false, problems: [{ problem: expect.stringContaining('no manifest') }] },
      ],
    })
    const text = (await list()).stdout
    expect(text).toMatch(/2 +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d +2,000 +5 .*damaged: /)
    expect(text).toMatch(/1 +- +- .*damaged: /)
    expect((await cli.start(['feed', 'list', 'nothing', '--config', FEED_CONFIG], {}).ended).code).toBe(2)
  })
})

describe('lockstep feed diff', () => {
  it('says what changed between two feeds, and exits as diff(1) does', async () => {
    await using place = await Place.make()
    expect((await start(place).ended).code).toBe(0)
    await using client = await plainClient(database.url)
    await client.query('update versions set version = version + 1 where id in (5, 1999)')
    expect((await start(place).ended).code).toBe(0)
    const diff = (...subjects: readonly string[]) => {
      const env = { FEED_URL: database.url, FEED_FOLDER: place.path }
      return cli.start(['feed', 'diff', ...subjects, '--config', FEED_CONFIG], { env }).ended
    }
    const manifest = join(place.path, 'versions-00000002.manifest.json')
    expect(await diff('versions', manifest)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^same/) })
    const { code, stdout } = await diff('versions@1', 'versions', '--json', '--more-info', '--limit', '1')
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      code: 1,
      verdict: 'different',
      added: 0,
      removed: 0,
      changed: 2,
      differences: [{ kind: 'changed', key: '5', fields: ['version'] }],
    })
    expect((await diff('versions@7', 'versions')).code).toBe(5)
  })
})

async function runsOf(place: Place): Promise<string[]> {
  const names = (await place.names()).filter((name) => name.endsWith('.manifest.json'))
  const texts = await Promise.all(names.map((name) => place.text(name)))
  return texts.map((text) => JSON.parse(text).run)
}
