import { describe, expect, it } from 'vitest'
import type { LeaseRecord } from '../../../core/lease.js'
import { Arrivals } from './arrivals.js'

const RECORD: LeaseRecord = { epoch: 1, holder: { id: 'a', name: 'a' }, since: '', leftMs: 1, renewal: '' }
const LANES = [0, 1, 2, 3]

/** Looks at who is there at times of ms: numbers of members, and of lanes that somebody has. */
function looks(
  seen: readonly { readonly at: number; readonly members: readonly number[]; readonly taken?: number[] }[],
) {
  let nowMs = 0
  const clock = {
    stopwatch: () => {
      const since = nowMs
      return () => nowMs - since
    },
    pause: async () => {},
  }
  const arrivals = new Arrivals(clock)
  const of = (held: readonly number[]) =>
    new Map(LANES.map((number) => [number, held.includes(number) ? RECORD : undefined]))
  return seen.map(({ at, members, taken = [] }) => {
    nowMs = at
    return arrivals.areAwaited({ members: of(members), lanes: of(taken) })
  })
}

describe('processes that come', () => {
  it('are awaited until nobody has come or gone for two seconds', () => {
    const alone = [0, 1_000, 2_000].map((at) => ({ at, members: [0] }))
    expect(looks(alone)).toEqual([true, true, false])
    const four = [
      { at: 0, members: [0] },
      { at: 1_000, members: [0, 1] },
      { at: 2_000, members: [0, 1, 2, 3] },
      { at: 3_000, members: [0, 1, 2, 3] },
      { at: 4_000, members: [0, 1, 2, 3] },
    ]
    expect(looks(four)).toEqual([true, true, true, true, false])
  })

  it('are not awaited where somebody has lanes', () => {
    expect(looks([{ at: 0, members: [0, 1], taken: [2] }])).toEqual([false])
  })

  it('keep nobody waiting for longer than ten seconds', () => {
    const restless = Array.from({ length: 12 }, (_, second) => ({ at: second * 1_000, members: [0, 1 + (second % 2)] }))
    expect(looks(restless)).toEqual([...Array.from({ length: 10 }, () => true), false, false])
  })
})
