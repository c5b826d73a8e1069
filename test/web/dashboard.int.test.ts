import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../../src/serve/listen.js'
import { type BuiltCli, builtCli, type RunningCli } from '../support/built-cli.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { plainClient, testDatabase } from '../support/postgres.js'
import { sideways } from './sideways.js'
import { WIDE_PAGES, wideSubject } from './wide-subject.js'

const TOKEN = 'a-token-of-sufficient-length'
/** From the network's fault to the page. */
const RED_WITHIN_MS = 2_000

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
import { webhook } from 'lockstep/webhook'

const a = postgres(env('A_URL'))
const b = postgres(env('B_URL'))
const notes = pgTable('notes', { id: integer().primaryKey(), body: text() })
const toListing = (apple: Readonly<Record<string, unknown>>) => (Number(apple['id']) % 50 === 0 ? Number.NaN : apple)

export default defineConfig({
  state: a,
  alerts: { to: webhook(env('HOOK_URL'), { allowPrivate: true }) },
  flows: {
    mirror: sync({ table: 'records', between: [a, b] }),
    notes: ingest({ from: files({ path: 'notes.ndjson' }), into: a.table(notes), map: (note) => note }),
    compare: check.tables({ left: a.table('apples'), right: b.table('apples'), schedule: '0 0 1 1 *', history: { keepRows: true } }),
    listing: feed({ from: a.table('apples'), map: toListing, to: folder('out'), schedule: '0 0 1 1 *' }),
  },
})
`

let folder = ''
let cli: BuiltCli
let served: RunningCli
let proxy: FaultProxy
let browser: Browser
let address = ''
let receiver: Server
/** What the receiver of alerts answers. */
let answer = { status: 200, text: 'ok' }
/** Of a run of the feed. */
let runPage = ''

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
  receiver = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(answer.status).end(answer.text))
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const at = receiver.address()
  const port = typeof at === 'object' && at !== null ? at.port : 0
  const env = { A_URL: A.url, B_URL: proxy.url, HOOK_URL: `http://127.0.0.1:${port}/hook` }
  served = cli.start(['run', '--serve', '127.0.0.1:0', '--log-level', 'info'], { cwd: folder, env })
  address = await addressOf(served)
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
}, 120_000)

afterAll(async () => {
  await browser?.close()
  served?.process.kill('SIGKILL')
  receiver?.close()
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
async function open(path: string, { width, colorScheme }: Look = { width: 1280, colorScheme: 'light' }, at = address) {
  // axe is added as a script, which the page's own policy refuses; other tests keep the policy.
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`${at}${path}`)
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
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ])
    expect(saved.suggestedFilename()).toMatch(/^[\w-]+\.bin$/)
    expect(JSON.parse(await readFile(await saved.path(), 'utf8'))).toEqual({ id: 2, body: HOSTILE })
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
    await page.getByRole('button', { name: 'Make the right like the left' }).click()
    await page.getByText('1 statement of 1 finding').waitFor()
    await page.getByRole('button', { name: 'Copy SQL' }).click()
    await page.getByText('Copied').waitFor()
    const copied = String(await page.evaluate('navigator.clipboard.readText()'))
    await using client = await plainClient(B.url)
    const kind = async (): Promise<unknown> => (await client.query('select kind from apples where id = 42')).rows
    expect(await kind()).toEqual([{ kind: 'pear' }])
    await client.query(copied)
    expect(await kind()).toEqual([{ kind: 'kind 42' }])
    expect(await violations(page)).toEqual([])
  })

  it('sends a test alert, and says what the receiver answered', async () => {
    await using shown = await open('/flows/mirror')
    const { page } = shown
    const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Alerts' }) })
    await panel.getByText('webhook http://127.0.0.1').waitFor()
    for (const { status, text, word } of [
      { status: 200, text: 'ok', word: 'arrived 200 ok' },
      { status: 403, text: 'go away', word: 'did not arrive' },
    ]) {
      answer = { status, text }
      await panel.getByRole('button', { name: 'Send a test' }).click()
      await panel.getByText(word).waitFor()
    }
    await panel.getByText('answered 403 go away').waitFor()
    answer = { status: 200, text: 'ok' }
  })

  it('publishes a feed now, and shows its files and which rows were rejected', async () => {
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
    await page.getByText('490', { exact: true }).first().waitFor()
    const reasons = page.getByRole('region', { name: 'Rejected rows by reason' })
    await reasons.getByText('a number is NaN or infinite').waitFor()
    await reasons.getByText('50, 100, 150').waitFor()
    await page.goto(`${address}/feeds/listing`)
    await page.getByRole('region', { name: 'Runs' }).locator('a').first().click()
    await page.getByRole('heading', { level: 1, name: 'A run of listing' }).waitFor()
    await page.getByText('50, 100, 150').waitFor()
    runPage = new URL(page.url()).pathname
  })

  it('is red within two seconds of a database that is gone, and green again when it is back', async () => {
    await using shown = await open('/')
    const { page } = shown
    const red = page.getByRole('heading', { level: 1, name: /mirror.* (does|do) not work/ })
    const tookMs: number[] = []
    // A machine that is busy may be late once; a page that looks too seldom is late each time.
    while (tookMs.length < 3 && !tookMs.some((ms) => ms <= RED_WITHIN_MS)) {
      const since = performance.now()
      await proxy.set({ kind: 'reset-every', everyMs: 50 })
      await red.waitFor({ timeout: 20_000 })
      tookMs.push(performance.now() - since)
      await proxy.set({ kind: 'none' })
      await page.locator('article', { hasText: 'mirror' }).getByText('running').waitFor()
      await expect.poll(() => page.locator('h1').textContent(), { timeout: 30_000 }).not.toMatch(/not work/)
    }
    expect(Math.min(...tookMs)).toBeLessThanOrEqual(RED_WITHIN_MS)
  })

  it('pauses a flow, resets its checkpoints once its name is written, and resumes it', async () => {
    await using shown = await open('/flows/mirror')
    const { page } = shown
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('paused', { exact: true }).first().waitFor()
    const [dialog, reset] = [page.getByRole('dialog'), page.getByRole('button', { name: 'Reset …' })]
    const sure = dialog.getByRole('button', { name: 'Reset checkpoints' })
    await reset.click()
    expect(await sure.isDisabled()).toBe(true)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await reset.click()
    await dialog.getByLabel('Write the name of the flow').fill('mirror')
    await sure.click()
    await page.getByText('None is kept').waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('running', { exact: true }).first().waitFor()
  })

  it('asks for the token of a server that has one, and says so when it is another', async () => {
    const env = { A_URL: A.url, B_URL: B.url, HOOK_URL: 'http://127.0.0.1:1/hook', LOCKSTEP_TOKEN: TOKEN }
    const guarded = cli.start(['serve', '--listen', '127.0.0.1:0'], { cwd: folder, env })
    const context = await browser.newContext({ viewport: { width: 360, height: 800 }, bypassCSP: true })
    try {
      const page = await context.newPage()
      await page.goto(`${await addressOf(guarded)}/dead-letters`)
      await page.getByLabel('Token').fill('another-token-of-that-length')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('alert').getByText('refuses the token').waitFor()
      expect(await violations(page)).toEqual([])
      await page.getByLabel('Token').fill(TOKEN)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Dead letters' }).waitFor()
    } finally {
      await context.close()
      guarded.process.kill('SIGKILL')
    }
  })

  it('is led by the keyboard', async () => {
    await using shown = await open('/')
    const { page } = shown
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.closest("main") !== null')).toBe(true)
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
    const listing = ['/feeds', '/feeds/listing/1', runPage]
    for (const path of ['/', '/flows/mirror', '/dead-letters', '/checks', ...listing, '/conflicts', '/nowhere']) {
      await using shown = await open(path, look)
      const { page } = shown
      expect({ path, found: await violations(page) }).toEqual({ path, found: [] })
      expect({ path, sideways: await sideways(page) }).toEqual({ path, sideways: [] })
    }
  })

  it('scrolls nothing sideways and cuts nothing off, however long names, addresses and values are', async () => {
    await using api = await wideSubject()
    const access = { host: '127.0.0.1', port: 0, token: undefined, names: [] }
    const rest = { metrics: async () => '', unexpected: () => {}, web: join(cli.folder, 'web') }
    await using wide = await listen(api.desk, { access, ...rest })
    await using shown = await open('/', { width: 1280, colorScheme: 'light' }, wide.url)
    const { page } = shown
    for (const path of WIDE_PAGES) {
      await page.goto(`${wide.url}${path}`)
      await page.locator('main h1').waitFor()
      if (path.startsWith('/dead-letters')) {
        await page.getByRole('button', { name: 'urn:shipment' }).click()
        await page.getByLabel('Payload').waitFor()
      }
      await expect.poll(() => page.getByText('Reading …').count()).toBe(0)
      await page.evaluate('document.querySelectorAll("main details").forEach((one) => { one.open = true })')
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        // A chart follows with the next frame.
        await expect.poll(() => sideways(page), { message: `${path} at ${width}` }).toEqual([])
      }
    }
  })

  it('copies the whole digest of a file, of which it shows the beginning', async () => {
    await using shown = await open('/feeds/listing/1', { width: 360, colorScheme: 'light' })
    const { page } = shown
    await page.getByRole('button', { name: 'Copy SHA-256' }).first().click()
    await page.getByText('copied', { exact: true }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^[0-9a-f]{64}$/)
  })
})
