import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLoad } from '../faults/load.js'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { Crowd } from '../support/crowd.js'
import { Random } from '../support/hostile/random.js'
import { expectOneWriterEach, LANE_USERS, noteLaneWriters } from '../support/lane-writers.js'
import { testDatabase } from '../support/postgres.js'
import { startAfresh } from '../support/sql.js'
import { startSyncProcess } from '../support/sync-process.js'

/** `CROWD_SECONDS=300 npm run hostile -- crowd-on-lanes`: so long, nine minutes at most. */
const seconds = Number(process.env['CROWD_SECONDS'] ?? 6)
const seed = Number(process.env['HOSTILE_SEED'] ?? Date.now()) % 1_000_000
const [a, b] = [testDatabase('a'), testDatabase('b')]
const sides = { a: a.url, b: b.url }

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

test(`${seconds} s of processes with lanes of one table that come, are killed and are frozen by chance: both sides end identical`, {
  timeout: (seconds + 240) * 1_000,
}, async () => {
  await startAfresh(sides, 'create table records (id uuid primary key, value text)')
  await noteLaneWriters(sides, 4)
  await using load = await startLoad(sides, 2)
  let started = 0
  const crowd = new Crowd(() => {
    // Each has a user of its own as long as there are any; after that none that lives has the same.
    const user = LANE_USERS[started++ % LANE_USERS.length] ?? ''
    return startSyncProcess(
      cli,
      { a: a.urlOf({ user }), b: b.urlOf({ user }) },
      {
        args: ['--standby'],
        options: { lanes: 4 },
      },
    )
  }, new Random(seed))
  await crowd.perform('join')
  await crowd.perform('join')
  await crowd.rage(seconds)
  console.info(JSON.stringify({ seed, acts: crowd.acts.length }))
  await crowd.perform('thaw')
  await load.goesOn()
  await load.settle()
  for (const code of await crowd.stop()) expect(code, `seed ${seed}: ${crowd.acts.join(', ')}`).toBe(0)
  await expectOneWriterEach(sides)
})
