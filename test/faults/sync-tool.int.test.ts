import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { plainClient, testDatabase } from '../support/postgres.js'
import { query, someRows, startAfresh, value } from '../support/sql.js'
import { compared, lockstep, startSyncProcess } from '../support/sync-process.js'
import { startLoad } from './load.js'

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url))

/** Every failpoint of the sources that a sync comes by, so that none is forgotten. */
const FAILPOINTS = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((path) => /^(engine|adapters\/postgres\/(?!(?:upsert|repair)\/)|flows\/sync)\/?.*(?<!\.test)\.ts$/.test(path))
  .flatMap((path) => [...readFileSync(join(SOURCES, path), 'utf8').matchAll(/failpoint\('([^']+)'\)/g)])
  .map(([, name = '']) => name)

const sides = { a: testDatabase('a').url, b: testDatabase('b').url }
let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())
beforeEach(() => startAfresh(sides, 'create table records (id uuid primary key, value text)'))

const count = 'select count(*)::int from records'

describe('kill -9 of the tool', () => {
  test('its failpoints are found', () => {
    expect(FAILPOINTS).toEqual(
      expect.arrayContaining(['writer:before-commit', 'ledger:before-save', 'sync:before-repair']),
    )
  })

  test('at every failpoint, again and again under load: nothing is lost', { timeout: 400_000 }, async () => {
    await using load = await startLoad(sides)
    for (const failpoint of FAILPOINTS) {
      for (const nth of [1, 4]) {
        const tool = startSyncProcess(cli, sides, { failpoint: `${failpoint}:${nth}` })
        // Some are passed only once in a run.
        let passed = true
        const giveUp = () => {
          passed = false
          tool.process.kill('SIGKILL')
        }
        const late = setTimeout(giveUp, nth === 1 ? 30_000 : 4_000)
        const ended = await tool.ended
        clearTimeout(late)
        expect(ended.signal, failpoint).toBe('SIGKILL')
        if (nth === 1) expect(passed, `${failpoint} was passed`).toBe(true)
      }
    }
    // A comparison has a row to repair in every page now; beside the writers that takes a busy machine minutes.
    await load.stop()
    const last = startSyncProcess(cli, sides)
    await compared(last)
    await load.settle()
    last.process.kill('SIGTERM')
    expect(await last.ended).toMatchObject({ code: 0 })
  })

  test('at random times: nothing is lost', { timeout: 240_000 }, async () => {
    await using load = await startLoad(sides)
    for (let turn = 0; turn < 8; turn++) {
      const tool = startSyncProcess(cli, sides)
      await delay(turn % 2 === 0 ? 600 + Math.random() * 1500 : 0)
      if (turn % 2 === 1) await compared(tool).then(() => delay(Math.random() * 1500))
      tool.process.kill('SIGKILL')
      await tool.ended
    }
    const last = startSyncProcess(cli, sides)
    await compared(last)
    await load.settle()
    last.process.kill('SIGKILL')
  })
})

describe('a clean end', () => {
  test('SIGTERM in the middle of a batch: it is finished and saved, exit code 0', async () => {
    const tool = startSyncProcess(cli, sides)
    await compared(tool)
    await using blocker = await plainClient(sides.b)
    const [row] = await query<{ id: string }>(sides.a, `select md5('a' || 1)::uuid as id`)
    await blocker.query('begin')
    await blocker.query(`insert into records values ('${row?.id}', 'a 1')`)
    await query(sides.a, someRows('a', 2_000))
    await expect.poll(() => value(sides.b, 'select count(*)::int from pg_locks where not granted')).toBeGreaterThan(0)
    tool.process.kill('SIGTERM')
    await tool.printed('draining').catch(() => undefined)
    await blocker.query('rollback')
    const { code, stdout } = await tool.ended
    expect(code, stdout).toBe(0)
    expect(await value(sides.b, count)).toBe(2_000)
  })

  test('SIGTERM under load: exit code 0, and the next run goes on', { timeout: 180_000 }, async () => {
    await using load = await startLoad(sides)
    for (let turn = 0; turn < 3; turn++) {
      const tool = startSyncProcess(cli, sides)
      await compared(tool)
      await load.goesOn()
      tool.process.kill('SIGTERM')
      expect(await tool.ended).toMatchObject({ code: 0 })
    }
    const last = startSyncProcess(cli, sides)
    await compared(last)
    await load.settle()
  })
})

describe('two instances of one flow', () => {
  // One that is frozen or waits for its turn: sync-standby.waits.test.ts.
  test('at once: nothing is lost or doubled; one gives way', { timeout: 180_000 }, async () => {
    await using load = await startLoad(sides)
    const tools = [startSyncProcess(cli, sides), startSyncProcess(cli, sides)]
    await Promise.all(tools.map((tool) => Promise.race([compared(tool), tool.ended])))
    await load.goesOn(600)
    await load.settle()
    for (const { process } of tools) process.kill('SIGTERM')
    const codes = (await Promise.all(tools.map((tool) => tool.ended))).map(({ code }) => code)
    expect(codes).toContain(0)
    for (const code of codes) expect([0, 4]).toContain(code)
    const { stdout } = await lockstep(cli, sides, ['check', 'mirror', '--json']).ended
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'same' })
  })
})
