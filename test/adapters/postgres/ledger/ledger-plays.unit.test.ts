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

/** Plays that lost a row once, or that few of the plays made at random come upon. */
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

test('a position that is saved while rows wait to be stored leaves their transaction out', async () => {
  // The floor is on disk only after its sweep, so it is saved when the next commit wakes the sweep.
  const due: Step[] = [progress, { kind: 'wait', ms: 1_100 }, progress, insert, commit, progress]
  const position: Step = { kind: 'store', pick: 1 }
  expect(await missingAfter(...due, insert, commit, serve, position, position, { kind: 'kill' })).toEqual([])
})

test.each([1, 2, 3, 4, 5, 6, 8, 10])(
  'pages of the old file mean nothing in the new one (after %d rounds)',
  async (rounds) => {
    const put = (writer: number, how: 'extend' | 'free'): Step => ({
      kind: 'insert',
      writer,
      placement: { how, pick: 0 },
    })
    const filled: Step[] = Array.from({ length: 6 }, () => put(0, 'extend'))
    const hole: Step[] = [put(1, 'extend'), ...filled, commit, { kind: 'roll-back', writer: 1 }]
    // The tail has read the row at the end, and nobody the one in the hole, when both change places.
    const both: Step[] = [put(0, 'free'), put(0, 'extend'), commit, { kind: 'serve', rounds }]
    const steps: Step[] = [...hole, { kind: 'vacuum', shorten: false }, progress, ...both]
    const { missing } = await simulate([...steps, { kind: 'rewrite', reverse: true }], { ...roomy, capacity: 1 })
    expect(missing).toEqual([])
  },
)

test('rows that a crash took back are not taken for delivered when their id comes again', async () => {
  const lost: Step = { kind: 'commit', writer: 0, synchronous: false }
  expect(await missingAfter(progress, insert, lost, progress, { kind: 'crash' }, insert, commit)).toEqual([])
})

test('a transaction let go by a killed process, and ended before the first sweep of the next, is compared for', async () => {
  const last = { how: 'last', pick: 0 } as const
  const bulk = { how: 'bulk', pick: 0 } as const
  const quiet = (rounds: number): Step => ({ kind: 'progress', rounds })
  const steps: Step[] = [
    ...[0, 2, 1].map((writer): Step => ({ kind: 'insert', writer, placement: last })),
    quiet(1),
    { kind: 'own-insert', placement: last },
    ...[1, 2].map((writer): Step => ({ kind: 'commit', writer, synchronous: false })),
    quiet(5),
    { kind: 'insert', writer: 0, placement: bulk },
    { kind: 'own-insert', placement: bulk },
    quiet(26),
    { kind: 'own-announce' },
    { kind: 'own-commit' },
    quiet(31),
    { kind: 'kill' },
  ]
  const { missing } = await simulate(steps, { capacity: 1, budgetRows: 1_000, mostRemembered: 2 })
  expect(missing).toEqual([])
})
