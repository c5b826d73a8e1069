import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fakeTime, simulate } from './simulation.js'
import { type Step, steps } from './simulation-steps.js'

/*
 * Mistakes that were put into the ledger by hand to see whether these plays, or those of ledger-plays, find them. All of
 * these were found: ages counted from a snapshot; leaving out what an earlier snapshot saw; a transaction done as a
 * whole when only the tail was read, before the end was read, during a sweep, or from page 0 after one; a floor raised
 * to xmax, to the xmin at the end of the sweep, or over what a sweep left alone; no wait for what is pending; pending or
 * volatile transactions saved; a floor saved or kept before it is on disk; pages kept over a rewrite; volatile entries
 * or the floor kept over a crash; ends stamped before the transaction ended; abandoned batches still known; a sweep that
 * goes on in a new file; no sweeps. Most show within ten plays; those about crashes and rewrites take up to 2,000.
 */

/** Enough to find most mistakes; after a change of the algorithm run some thousand. */
const RUNS = Number(process.env['LEDGER_MODEL_RUNS'] ?? 100)
const MUCH = 1_000_000
const table = { capacity: fc.constantFrom(1, 2, 3, 12), budgetRows: fc.constantFrom(1, 2, 3, 1_000) }
const remembersAll = fc.record({ ...table, mostRemembered: fc.constant(MUCH) })
const options = fc.record({ ...table, mostRemembered: fc.constantFrom(2, MUCH, MUCH, MUCH, MUCH) })

beforeEach(fakeTime)
afterEach(() => {
  vi.useRealTimers()
})

test('whatever writers, VACUUM and slow stores do, each row is delivered without a comparison', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps({ faults: false, most: 200 }), remembersAll, async (play, how) => {
      expect(await simulate(play, how)).toMatchObject({ missing: [], comparisons: 0 })
    }),
    { numRuns: RUNS },
  )
})

test('nothing is lost when the server crashes, connections break, lanes fail and the tool is killed', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(steps({ faults: true, most: 200 }), options, async (play, how) => {
      expect((await simulate(play, how)).missing).toEqual([])
    }),
    { numRuns: RUNS },
  )
})

test('rows of our own that were announced before the read never come back', { timeout: 600_000 }, async () => {
  const running: Step = { kind: 'progress', rounds: 10 }
  const announced = (step: Step): Step[] =>
    step.kind === 'own-commit' ? [{ kind: 'own-announce' }, { kind: 'progress', rounds: 3 }, step] : [step]
  await fc.assert(
    fc.asyncProperty(steps({ faults: false, most: 60 }), remembersAll, async (play, how) => {
      expect((await simulate([running, ...play.flatMap(announced)], how)).echoes).toBe(0)
    }),
    { numRuns: RUNS },
  )
})
