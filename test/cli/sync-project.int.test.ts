import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { plainClient, testDatabase } from '../support/postgres.js'

const EXAMPLE = fileURLToPath(new URL('../../examples/sync', import.meta.url))

const a = testDatabase('a')
const b = testDatabase('b')
let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

beforeEach(async () => {
  for (const [side, url] of [a.url, b.url].entries()) {
    await using client = await plainClient(url)
    await client.query('DROP SCHEMA IF EXISTS lockstep CASCADE; DROP TABLE IF EXISTS records')
    await client.query('CREATE TABLE records (id uuid PRIMARY KEY, value text)')
    await client.query(
      `INSERT INTO records SELECT md5($1::text || i)::uuid, 'row ' || i FROM generate_series(1, 2500) i`,
      [side],
    )
  }
})

const lockstep = (cwd: string, ...args: string[]) => cli.start(args, { cwd, env: { A_URL: a.url, B_URL: b.url } }).ended

async function contentOf(url: string): Promise<unknown> {
  await using client = await plainClient(url)
  const { rows } = await client.query(
    `SELECT count(*)::int, md5(string_agg(id || value, ',' ORDER BY id)) FROM records`,
  )
  return rows[0]
}

describe('the example', () => {
  test('status before the first run: never run; check: different', async () => {
    expect(await lockstep(EXAMPLE, 'status')).toMatchObject({ code: 0, stdout: expect.stringContaining('never run') })
    expect(await lockstep(EXAMPLE, 'check', 'mirror', '--json')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/"missingLeft":2500,"missingRight":2500,"changed":0/),
    })
  })

  test('check --repair: refused, as a sync flow repairs by running', async () => {
    const ended = await lockstep(EXAMPLE, 'check', 'mirror', '--repair', 'sql', '--side', 'left')
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('repairs by running') })
  })

  test('run until caught up, as a job; then both sides are the same, and status knows', async () => {
    const ended = await lockstep(EXAMPLE, 'run', '--until-caught-up', '--json')
    expect(JSON.parse(ended.stdout)).toMatchObject({ exitCode: 0, flows: [{ flow: 'mirror', state: 'stopped' }] })
    expect(await contentOf(a.url)).toEqual(await contentOf(b.url))
    expect(await contentOf(a.url)).toMatchObject({ count: 5000 })
    expect(await lockstep(EXAMPLE, 'check', 'mirror')).toMatchObject({ code: 0 })
    const status = JSON.parse((await lockstep(EXAMPLE, 'status', '--json')).stdout)
    expect(status.flows[0]).toMatchObject({ flow: 'mirror', stale: false, record: { state: 'stopped' } })
  })
})

describe('a config that init wrote, in a folder from which lockstep is not installed', () => {
  test.each(['sync', 'check'])('%s: is accepted as it is', async (template) => {
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-init-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    expect(await lockstep(folder, 'init', '--template', template)).toMatchObject({ code: 0 })
    expect(await lockstep(folder, 'doctor')).toMatchObject({ code: 0 })
    const [flow] = template === 'sync' ? ['mirror'] : ['same']
    expect(await lockstep(folder, 'check', flow ?? '')).toMatchObject({ code: 1 })
  })

  test('its .env is read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-init-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    await cli.start(['init'], { cwd: folder }).ended
    const example = await readFile(join(folder, '.env.example'), 'utf8')
    const filled = example.replace(/^A_URL=.*$/m, `A_URL=${a.url}`).replace(/^B_URL=.*$/m, `B_URL=${b.url}`)
    await writeFile(join(folder, '.env'), filled)
    expect(await cli.start(['doctor'], { cwd: folder }).ended).toMatchObject({ code: 0 })
  })
})
