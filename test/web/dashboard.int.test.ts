import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { plainClient, testDatabase } from '../support/postgres.js'

/** The dashboard as a person sees it: in a browser, over flows that really run. */
const A = testDatabase('a')
const B = testDatabase('b')
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const HOSTILE = '<img src=x onerror="document.title=\'owned\'">'

const CONFIG = `import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { check, defineConfig, feed, ingest, sync } from 'lockstep'
import { env } from 'lockstep/env'
import { files } from 'lockstep/files'
import { folder } from 'lockstep/folder'
import { postgres } from 'lockstep/postgres'

const a = postgres(env('A_URL'))
const b = postgres(env('B_URL'))
const notes = pgTable('notes', { id: integer().primaryKey(), body: text() })

export default defineConfig({
  state: a,
  flows: {
    mirror: sync({ table: 'records', between: [a, b] }),
    notes: ingest({ from: files({ path: 'notes.ndjson' }), into: a.table(notes), map: (note) => note }),
    compare: check.tables({ left: a.table('apples'), right: b.table('apples'), schedule: '0 0 1 1 *', history: { keepRows: true } }),
    listing: feed({ from: a.table('apples'), to: folder('out'), schedule: '0 0 1 1 *' }),
  },
})
`

let folder = ''
let cli: BuiltCli
let served: RunningCli
let proxy: FaultProxy
let browser: Browser
let address = ''

beforeAll(async () => {
  folder = await mkdtemp(join(ROOT, '.lockstep', 'web-'))
  cli = await builtCli()
  await build({
    configFile: join(ROOT, 'web/vite.config.ts'),
    logLevel: 'error',
    build: { outDir: join(cli.folder, 'web') },
  })
  await using left = await plainClient(A.url)
  await using right = await plainClient(B.url)
  await left.query(`create table notes (id int primary key, body text, constraint tame check (id <> 2))`)
  for (const side of [left, right]) {
    await side.query('create table records (id int primary key, value text)')
    await side.query(`create table apples (id int primary key, kind text)`)
    await side.query(`insert into apples select i, 'kind ' || i from generate_series(1, 500) i`)
  }
  await right.query(`update apples set kind = 'pear' where id = 42`)
  const notes = [1, 2, 3].map((id) => JSON.stringify({ id, body: HOSTILE }))
  await writeFile(join(folder, 'notes.ndjson'), `${notes.join('\n')}\n`)
  await writeFile(join(folder, 'lockstep.config.ts'), CONFIG)
  proxy = await FaultProxy.start(B.url)
  const env = { A_URL: A.url, B_URL: proxy.url }
  served = cli.start(['run', '--serve', '127.0.0.1:0', '--log-level', 'info'], { cwd: folder, env })
  address = await addressOf(served)
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
}, 120_000)

afterAll(async () => {
  await browser?.close()
  served?.process.kill('SIGKILL')
  await proxy?.[Symbol.asyncDispose]()
  await cli?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function addressOf(running: RunningCli): Promise<string> {
  await running.printed('http://127.0.0.1:')
  const found = /http:\/\/127\.0\.0\.1:\d+/.exec(running.output())
  if (found === null) throw new Error('it printed its address')
  return found[0]
}

interface Look {
  readonly width: number
  readonly colorScheme: 'light' | 'dark'
}

/** A page at `path`; what goes wrong in its scripts fails the test. */
async function open(path: string, { width, colorScheme }: Look = { width: 1280, colorScheme: 'light' }) {
  // axe is added as a script, which the page's own policy refuses; other tests keep the policy.
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true })
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`${address}${path}`)
  await page.locator('main h1').waitFor()
  return {
    page,
    async [Symbol.asyncDispose]() {
      await context.close()
      expect(errors).toEqual([])
    },
  }
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') })
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
  )
}

describe('the dashboard', () => {
  it('shows every flow, with what each needs from a person', async () => {
    await using shown = await open('/')
    const { page } = shown
    for (const flow of ['mirror', 'notes', 'compare', 'listing'])
      await page.getByRole('link', { name: flow, exact: true }).waitFor()
    await page.getByText('live', { exact: true }).waitFor()
    await page.locator('article', { hasText: 'notes' }).getByText('1 dead letter').first().waitFor()
  })

  it('shows a payload as text, and a letter that is replayed once the table takes it', async () => {
    await using shown = await open('/dead-letters/notes')
    const { page } = shown
    await page.locator('table button').first().click()
    await page.getByLabel('Payload').getByText('<img src=x onerror=').waitFor()
    expect(await page.locator('main img[onerror]').count()).toBe(0)
    expect(await page.title()).toBe('Dead letters · Lockstep')
    await using client = await plainClient(A.url)
    await client.query('alter table notes drop constraint tame')
    await page.getByRole('button', { name: /^Replay/ }).click()
    await page.getByText('1 stored.').waitFor()
    expect((await client.query('select body from notes where id = 2')).rows).toEqual([{ body: HOSTILE }])
    await page.getByText('nothing to do here').waitFor()
  })

  it('runs a check now, and shows the row that differs with its cells', async () => {
    await using shown = await open('/flows/compare')
    const { page } = shown
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.getByText('different', { exact: true }).first().waitFor()
    await page.goto(`${address}/checks/compare`)
    await page.locator('table a').first().click()
    await page.getByText('id = 42').waitFor()
    const marked = page.locator('td.bg-warn-soft')
    await expect.poll(() => marked.allInnerTexts()).toEqual(['kind 42', 'pear'])
  })

  it('publishes a feed now, and shows its files', async () => {
    await using shown = await open('/flows/listing')
    const { page } = shown
    await page.getByRole('button', { name: 'Run now' }).click()
    await expect
      .poll(
        async () => {
          await page.goto(`${address}/feeds/listing`)
          await page.locator('main h1').waitFor()
          await page
            .getByText(/current|Nothing is published/)
            .first()
            .waitFor()
          return page.getByText('current').count()
        },
        { timeout: 30_000 },
      )
      .toBe(1)
    await page.locator('table a').first().click()
    await page.getByText('500', { exact: true }).first().waitFor()
  })

  it('says within moments that a database is gone, and that it is back', async () => {
    await using shown = await open('/')
    const { page } = shown
    await proxy.set({ kind: 'reset-every', everyMs: 50 })
    await page.getByRole('heading', { level: 1, name: /mirror.* (does|do) not work/ }).waitFor({ timeout: 20_000 })
    await proxy.set({ kind: 'none' })
    await page.locator('article', { hasText: 'mirror' }).getByText('running').waitFor()
    await expect.poll(() => page.locator('h1').textContent(), { timeout: 30_000 }).not.toMatch(/not work/)
  })

  it('pauses a flow and resumes it', async () => {
    await using shown = await open('/flows/mirror')
    const { page } = shown
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('paused', { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('running', { exact: true }).first().waitFor()
  })

  it('is led by the keyboard', async () => {
    await using shown = await open('/')
    const { page } = shown
    await page.keyboard.press('g')
    await page.keyboard.press('d')
    await page.getByRole('heading', { level: 1, name: 'Dead letters' }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('These keys').waitFor()
  })

  it.each([
    { width: 1280, colorScheme: 'light' },
    { width: 360, colorScheme: 'dark' },
  ] as const)('is accessible and nowhere wider than the screen: %o', async (look) => {
    for (const path of ['/', '/flows/mirror', '/dead-letters', '/checks', '/feeds', '/conflicts', '/nowhere']) {
      await using shown = await open(path, look)
      const { page } = shown
      expect({ path, found: await violations(page) }).toEqual({ path, found: [] })
      expect({ path, width: await page.evaluate('document.documentElement.scrollWidth') }).toEqual({
        path,
        width: look.width,
      })
    }
  })
})
