import { expect, test } from 'vitest'
import { dedicatedServer, FAST_SETTINGS } from '../support/postgres.js'
import { HOSTILE_TABLES, syncUnderHostileWriters } from './hostile-sync.js'

/** `HOSTILE_RUNS=10 npm run hostile`: so many runs of each table in a row. `HOSTILE_SECONDS`: of each. */
const runs = Number(process.env['HOSTILE_RUNS'] ?? 1)
const seconds = Number(process.env['HOSTILE_SECONDS'] ?? 60)
const settings = { ...FAST_SETTINGS, max_prepared_transactions: '30' }

const turns = Array.from({ length: runs }, (_, run) =>
  HOSTILE_TABLES.map((table) => ({ run: run + 1, ...table })),
).flat()

test.each(turns)(`run $run, ${seconds} s: $name`, { timeout: (seconds + 120) * 1000 }, async ({ run, ...table }) => {
  await using a = await dedicatedServer({ settings })
  await using b = await dedicatedServer({ settings })
  // Told, so that what fails can be done again.
  const seed = Number(process.env['HOSTILE_SEED'] ?? Date.now()) + run
  const result = await syncUnderHostileWriters({ a: a.url(), b: b.url() }, table, { seconds, seed })
  console.info(JSON.stringify({ table: table.name, ...result }))
  // The hostility was real.
  expect(Math.min(...Object.values(result.a.actions))).toBeGreaterThan(0)
  expect(result.disturbed['vacuum']).toBeGreaterThan(0)
  expect(result.a.acknowledged + result.b.acknowledged).toBeGreaterThan(seconds * 10)
})
