import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLoad } from '../faults/load.js'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { Crowd } from '../support/crowd.js'
import { Random } from '../support/hostile/random.js'
import { testDatabase } from '../support/postgres.js'
import { newestOf, VERSIONED, versionsIn, writeBefore, writeUntil } from '../support/rival-writers.js'
import { startAfresh } from '../support/sql.js'
import { startSyncProcess } from '../support/sync-process.js'
import { becomeIdentical } from '../support/sync-run.js'

/** `CROWD_SECONDS=300 npm run hostile -- crowd-on-sync`: so long, nine minutes at most. */
const seconds = Number(process.env['CROWD_SECONDS'] ?? 6)
const seed = Number(process.env['HOSTILE_SEED'] ?? Date.now()) % 1_000_000
const sides = { a: testDatabase('a').url, b: testDatabase('b').url }
const three = { ...sides, c: testDatabase('b').url }

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

test(`${seconds} s of a leader and standbys that come, are killed and are frozen by chance: both sides end identical`, {
  timeout: (seconds + 240) * 1_000,
}, async () => {
  await startAfresh(sides, 'create table records (id uuid primary key, value text)')
  await using load = await startLoad(sides, 2)
  const crowd = new Crowd(() => startSyncProcess(cli, sides, { args: ['--standby'] }), new Random(seed))
  await crowd.perform('join')
  await crowd.perform('join')
  await crowd.rage(seconds)
  console.info(JSON.stringify({ seed, acts: crowd.acts.length }))
  await crowd.perform('thaw')
  // Somebody leads, whoever it is.
  await load.goesOn()
  await load.settle()
  for (const code of await crowd.stop()) expect(code, `seed ${seed}: ${crowd.acts.join(', ')}`).toBe(0)
})

test(`${seconds} s of the same on three sides that write, also the same keys: all end with the newest, and none is lost`, {
  timeout: (seconds + 240) * 1_000,
}, async () => {
  await startAfresh(three, VERSIONED)
  const rivals = Object.values(three).map((url, place) => ({ url, place, pauseMs: 100 }))
  const old = await Promise.all(rivals.map((rival) => writeBefore(rival, 1_000)))
  const stop = new AbortController()
  const writers = rivals.map((rival) => writeUntil(stop.signal, rival))
  const args = ['--standby']
  const crowd = new Crowd(
    () => startSyncProcess(cli, three, { args, options: { version: 'version' } }),
    new Random(seed),
  )
  await crowd.perform('join')
  await crowd.perform('join')
  await crowd.rage(seconds)
  await crowd.perform('thaw')
  stop.abort()
  const newest = newestOf([...old, ...(await Promise.all(writers))])
  console.info(JSON.stringify({ sides: 3, seed, acts: crowd.acts.length, rows: newest.size }))
  await becomeIdentical(three)
  expect(await versionsIn(three.c)).toEqual(newest)
  for (const code of await crowd.stop()) expect(code, `seed ${seed}: ${crowd.acts.join(', ')}`).toBe(0)
})
