import { describe, expect, it } from 'vitest'
import { KeptReasons } from './kept-reasons.js'

const reason = (text: string) => ({ code: 'bad', reason: text })

describe('reasons that are kept', () => {
  it('have every count, the most frequent first, and the keys of the first rows', () => {
    const kept = new KeptReasons(30)
    for (let row = 1; row <= 5; row++) kept.add(reason('seldom'), [row])
    for (let row = 1; row <= 9; row++) kept.add(reason('often'), [BigInt(row), null, undefined])
    expect(kept.list()).toEqual([
      { ...reason('often'), count: 9, keys: [1, 2, 3].map((row) => [String(row), null, null]) },
      { ...reason('seldom'), count: 5, keys: [['1'], ['2'], ['3']] },
    ])
    expect(kept.others).toBe(0)
  })

  it('are so many at most, with so many keys, whatever rows are wrong in', () => {
    const kept = new KeptReasons(1_000)
    for (let row = 0; row < 5_000; row++) kept.add(reason(`reason ${row % 500}`), [row])
    const list = kept.list()
    expect(list).toHaveLength(100)
    expect(kept.others).toBe(4_000)
    expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(1_000)
    expect(list.reduce((sum, { keys }) => sum + keys.length, 0)).toBe(1_000)
    for (let row = 0; row < 5_000; row++) kept.add(reason('reason 0'), [row])
    expect(kept.list().reduce((sum, { keys }) => sum + keys.length, 0)).toBe(1_000)
  })

  it('cut what is long, and stop keeping keys before they are too much to hold', () => {
    const kept = new KeptReasons(10_000)
    for (let row = 0; row < 2_000; row++) kept.add(reason('x'.repeat(5_000)), ['k'.repeat(50_000)])
    const [long] = kept.list()
    expect(long?.count).toBe(2_000)
    expect(long?.reason).toHaveLength(1_000)
    const characters = (long?.keys ?? []).reduce((sum, [value]) => sum + (value?.length ?? 0), 0)
    expect(characters).toBeGreaterThan(200_000)
    expect(characters).toBeLessThanOrEqual(256 * 1_024)
  })

  it('have moments as text, no keys where none are wanted, and none where nothing identifies a row', () => {
    const kept = new KeptReasons(10)
    kept.add(reason('moment'), [new Date(0)])
    kept.add(reason('none'), [])
    expect(kept.list().map(({ keys }) => keys)).toEqual([[['1970-01-01T00:00:00.000Z']], []])
    const counting = new KeptReasons(0)
    counting.add(reason('counted'), [1])
    expect(counting.list()).toEqual([{ ...reason('counted'), count: 1, keys: [] }])
  })
})
