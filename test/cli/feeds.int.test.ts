import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type BuiltCli, builtCli } from '../support/built-cli.js'

const CONFIG = fileURLToPath(new URL('feeds', import.meta.url))
const CANARY = 'canary-in-a-row'

const Listed = z.object({
  feeds: z.array(z.object({ sequence: z.number(), rejected: z.number() })),
  runs: z.array(z.object({ id: z.string(), outcome: z.string(), rejected: z.number() })),
})
const Shown = z.object({
  feed: z
    .object({
      sequence: z.number(),
      run: z.string(),
      manifest: z.string(),
      files: z.array(z.object({ name: z.string() })),
    })
    .nullable(),
  report: z
    .object({
      id: z.string(),
      outcome: z.string(),
      reasons: z.array(z.object({ count: z.number(), keys: z.unknown() })),
    })
    .nullable(),
})

describe('lockstep feed list and show', () => {
  let cli: BuiltCli
  let folder = ''
  const lockstep = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    cli.start(args, { cwd: CONFIG, env: { FEED_FOLDER: folder, LOCKSTEP_DEBUG: '', ...env } }).ended
  const list = async () => Listed.parse(JSON.parse((await lockstep(['feed', 'list', 'shops', '--json'])).stdout))
  const show = async (...subject: readonly string[]) =>
    Shown.parse(JSON.parse((await lockstep(['feed', 'show', 'shops', ...subject, '--json'])).stdout))

  beforeAll(async () => {
    cli = await builtCli()
    folder = await mkdtemp(join(tmpdir(), 'lockstep-feeds-'))
    const client = createClient({ url: `file:${join(folder, 'shops.db')}` })
    await client.batch([
      'create table shop (id integer primary key, name text)',
      `insert into shop with recursive n (value) as (select 1 union all select value + 1 from n where value < 1000)
        select value, '${CANARY} ' || value from n`,
    ])
    client.close()
  })
  afterAll(async () => {
    await cli[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('show what was published and what was not, with files, reasons and keys', async () => {
    expect((await lockstep(['run', 'shops'])).code).toBe(0)
    expect((await lockstep(['run', 'shops'])).code).toBe(0)
    expect((await lockstep(['run', 'shops'], { FEED_BAD: '2' })).code).toBe(5)
    const { feeds, runs } = await list()
    expect(feeds).toEqual([{ sequence: 1, rejected: 100 }])
    expect(runs.map(({ outcome, rejected }) => [outcome, rejected])).toEqual([
      ['refused', 500],
      ['unchanged', 100],
      ['published', 100],
    ])
    const [refused, unchanged, published] = runs.map(({ id }) => id)

    const shown = await show()
    expect(shown).toMatchObject({
      feed: { sequence: 1, run: published, files: { length: 2 } },
      report: { id: published, outcome: 'published', reasons: [{ count: 100, keys: { length: 100 } }] },
    })
    const [byRun, byManifest, byUnchanged] = await Promise.all([
      show(published ?? ''),
      show(join('out', shown.feed?.manifest ?? '')),
      show(unchanged ?? ''),
    ])
    expect([byRun, byManifest]).toEqual([shown, shown])
    expect(byUnchanged).toMatchObject({ feed: null, report: { outcome: 'unchanged' } })

    const text = (await lockstep(['feed', 'list', 'shops'])).stdout
    expect(text).toMatch(/1 +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d +900 +2 +[\d,]+ +100 +whole, newest/)
    expect(text).toMatch(new RegExp(`${refused} .* 1,000 +500 +refused, feed-rejected`))
    const sheet = (await lockstep(['feed', 'show', 'shops', '--keys', '3'])).stdout
    expect(sheet).toContain('feed 1 of shops  published')
    expect(sheet).toContain(shown.feed?.files[1]?.name)
    const [, first = ''] = /^\S+ +500 +[\d,]+ +([0-9a-f]{10,})/m.exec(sheet) ?? []
    const manifest = await readFile(join(folder, 'out', shown.feed?.manifest ?? ''), 'utf8')
    expect(manifest).toContain(`"sha256": "${first}`)
    expect(sheet).toMatch(/100 {2}map-failed: map threw RangeError\n +10, 20, 30, and 97 more/)
    const refusal = (await lockstep(['feed', 'show', 'shops', refused ?? ''])).stdout
    expect(refusal).toMatch(/^run [0-9a-f]{16} of shops {2}refused/)
    expect(refusal).toContain('feed-rejected: 500 of 1000 rows')
    expect(refusal).toContain('10, 12')
    expect(JSON.stringify([text, sheet, refusal, shown])).not.toContain(CANARY)
  })

  it('have all rows of an incremental feed again after `run --full`, which ends in spite of a schedule', async () => {
    for (const more of [['--once'], ['--once'], ['--full']]) {
      expect((await lockstep(['run', 'fresh', ...more])).code).toBe(0)
    }
    const { stdout } = await lockstep(['feed', 'list', 'fresh', '--json', '--runs', '0'])
    expect(JSON.parse(stdout)).toMatchObject({
      feeds: [
        { sequence: 3, rows: 1_000 },
        { sequence: 2, rows: 2, addsTo: 1 },
        { sequence: 1, rows: 1_000 },
      ],
    })
  })

  it('say what is not there, and do without a state', async () => {
    const stateless = { FEED_STATELESS: '1' }
    expect((await lockstep(['run', 'shops'], { ...stateless, FEED_BAD: '9' })).code).toBe(0)
    const asked = [
      { subject: [], env: stateless, code: 0, text: 'the report of its run is not kept' },
      { subject: ['0123456789abcdef'], env: stateless, code: 2, text: 'no runs of feeds are kept' },
      { subject: ['0123456789abcdef'], env: {}, code: 2, text: 'no run of this id is kept' },
      { subject: ['yesterday'], env: {}, code: 2, text: 'neither the number of a feed' },
      { subject: ['77'], env: {}, code: 5, text: 'is not there' },
    ]
    const answers = asked.map(async ({ subject, env, ...expected }) => {
      const { code, stdout, stderr } = await lockstep(['feed', 'show', 'shops', ...subject], env)
      expect({ code, text: stdout + stderr }).toEqual({ ...expected, text: expect.stringContaining(expected.text) })
    })
    await Promise.all(answers)
  })
})
