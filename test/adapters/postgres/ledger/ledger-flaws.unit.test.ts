import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fakeTime, type SimulationOptions, simulate } from './simulation.js'
import type { Step } from './simulation-steps.js'

beforeEach(fakeTime)
afterEach(() => {
  vi.useRealTimers()
})

const roomy: SimulationOptions = { capacity: 12, budgetRows: 1_000, mostRemembered: 1_000_000 }
const insert: Step = { kind: 'insert', writer: 0, placement: { how: 'last', pick: 0 } }
const commit: Step = { kind: 'commit', writer: 0, synchronous: true }
const progress: Step = { kind: 'progress', rounds: 60 }
/** Rows are read, and nothing is stored. */
const serve: Step = { kind: 'serve', rounds: 60 }
const failLane: Step = { kind: 'fail-lane' }

async function missingAfter(...steps: readonly Step[]): Promise<readonly string[]> {
  return (await simulate(steps, roomy)).missing
}

test('the floor does not pass rows that wait to be stored, though all transactions since the last sweep are known', async () => {
  expect(await missingAfter(progress, insert, commit, serve, failLane)).toEqual([])
})

test('a first position that was never saved does not make the ledger begin anew', async () => {
  expect(await missingAfter(serve, insert, commit, serve, failLane)).toEqual([])
})

test('an id of our own that a crash took back before the session was opened again is forgotten', async () => {
  const own: Step = { kind: 'own-insert', placement: { how: 'last', pick: 0 } }
  const steps: Step[] = [progress, own, failLane, { kind: 'own-announce' }, { kind: 'crash' }, insert, commit]
  expect(await missingAfter(...steps)).toEqual([])
})

test('who let go of an open transaction compares when it has ended, also after a restart', async () => {
  const held: Step = { kind: 'insert', writer: 1, placement: { how: 'last', pick: 0 } }
  const steps: Step[] = [progress, held, insert, commit, insert, commit, insert, commit]
  const restart: Step[] = [progress, { kind: 'wait', ms: 70_000 }, progress, { kind: 'kill' }, progress]
  const { missing } = await simulate([...steps, ...restart], { ...roomy, mostRemembered: 2 })
  expect(missing).toEqual([])
})

test('the place where changes begin is not trusted over a crash until it is on disk', async () => {
  const lost: Step[] = [insert, { kind: 'commit', writer: 0, synchronous: false }, { kind: 'progress', rounds: 2 }]
  expect(await missingAfter(...lost, { kind: 'crash' }, insert, commit)).toEqual([])
})
