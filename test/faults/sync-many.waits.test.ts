import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { testDatabase } from '../support/postgres.js'
import { newestOf, VERSIONED, versionsIn, writeUntil } from '../support/rival-writers.js'
import { startAfresh } from '../support/sql.js'
import { compared, startSyncProcess } from '../support/sync-process.js'
import { becomeIdentical } from '../support/sync-run.js'

/** What two sides of many come by; `sync-tool.int.test.ts` goes through all of them with two. */
const FAILPOINTS = ['writer:before-commit:3', 'ledger:before-save:1', 'sync:between-repairs:1']

const sides = { a: testDatabase('a').url, b: testDatabase('b').url, c: testDatabase('b').url }
let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())
beforeEach(() => startAfresh(sides, VERSIONED))

test('three sides that write the same keys, the tool killed again and again: in the end the newest everywhere', {
  timeout: 200_000,
}, async () => {
  const options = { options: { version: 'version' } }
  const stop = new AbortController()
  const writers = Object.values(sides).map((url, place) => writeUntil(stop.signal, { url, place, pauseMs: 250 }))
  for (const failpoint of FAILPOINTS) {
    const tool = startSyncProcess(cli, sides, { ...options, failpoint })
    // Where there is nothing to repair, this is one more kill at random.
    const late = setTimeout(() => tool.process.kill('SIGKILL'), 5_000)
    expect((await tool.ended).signal, failpoint).toBe('SIGKILL')
    clearTimeout(late)
  }
  const random = startSyncProcess(cli, sides, options)
  await random.printed('flow.started')
  await delay(Math.random() * 2_000)
  random.process.kill('SIGKILL')
  await random.ended
  const last = startSyncProcess(cli, sides, options)
  stop.abort()
  const newest = newestOf(await Promise.all(writers))
  await compared(last)
  await becomeIdentical(sides)
  expect(await versionsIn(sides.b)).toEqual(newest)
  last.process.kill('SIGTERM')
  expect(await last.ended).toMatchObject({ code: 0 })
})
