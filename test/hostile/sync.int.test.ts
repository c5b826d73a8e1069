import { expect, test } from 'vitest'
import { dedicatedServer, FAST_SETTINGS } from '../support/postgres.js'
import { HOSTILE_TABLES, syncUnderHostileWriters } from './hostile-sync.js'

const settings = { ...FAST_SETTINGS, max_prepared_transactions: '30' }

test.each(HOSTILE_TABLES)('12 s of hostile writers: $name', { timeout: 120_000 }, async (table) => {
  await using a = await dedicatedServer({ settings })
  await using b = await dedicatedServer({ settings })
  const result = await syncUnderHostileWriters({ a: a.url(), b: b.url() }, table, { seconds: 12, seed: Date.now() })
  // The hostility was real.
  expect(Math.min(...Object.values(result.a.actions))).toBeGreaterThan(0)
  expect(result.disturbed['vacuum']).toBeGreaterThan(0)
})
