import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fakeTime, simulate } from './simulation.js'
import { steps } from './simulation-steps.js'

const RUNS = Number(process.env['LEDGER_MODEL_RUNS'] ?? 150)
const options = fc.record({
  capacity: fc.constantFrom(1, 2, 3, 12),
  budgetRows: fc.constantFrom(1, 2, 3, 1_000),
  mostRemembered: fc.constantFrom(2, 1_000_000, 1_000_000, 1_000_000, 1_000_000),
})

beforeEach(fakeTime)
afterEach(() => {
  vi.useRealTimers()
})

test.for([false, true])('nothing is lost (faults: %s)', { timeout: 600_000 }, async (faults) => {
  await fc.assert(
    fc.asyncProperty(steps({ faults, most: 200 }), options, async (play, how) => {
      expect((await simulate(play, how)).missing).toEqual([])
    }),
    { numRuns: RUNS },
  )
})
