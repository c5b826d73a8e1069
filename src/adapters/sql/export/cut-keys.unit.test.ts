import { describe, expect, it } from 'vitest'
import { cutBetween, type Key, KeySample, SAMPLED_KEYS } from './cut-keys.js'

const sampleOf = (keys: readonly number[]): readonly Key[] => {
  const sample = new KeySample()
  for (let at = 0; at < keys.length; at += 777) sample.add(keys.slice(at, at + 777).map((key) => [String(key)]))
  return sample.keys
}
const upTo = (keys: readonly Key[], ranges: number) => cutBetween(keys, ranges).map((range) => Number(range.upTo?.[0]))

describe('cutting a table by keys that were read', () => {
  it('leaves about as many rows on each side of a border, however the keys are spread', () => {
    const keys = Array.from({ length: 150_003 }, (_, at) => (at < 50_000 ? at : at * at))
    const sample = sampleOf(keys)
    expect(sample.length).toBeLessThanOrEqual(SAMPLED_KEYS)
    const ranges = cutBetween(sample, 8)
    expect(ranges).toHaveLength(8)
    expect([ranges[0]?.after, ranges[7]?.upTo]).toEqual([undefined, undefined])
    for (const [at, { after = ['-1'], upTo: end = ['1e30'] }] of ranges.entries()) {
      if (at > 0) expect(after).toBe(ranges[at - 1]?.upTo)
      const rows = keys.filter((key) => key > Number(after[0]) && key <= Number(end[0])).length
      expect(Math.abs(rows - keys.length / 8), `range ${at}`).toBeLessThan(keys.length / 8 / 2.5)
    }
  })

  it('is as before where nothing has changed, and mostly where little has', () => {
    const keys = Array.from({ length: 100_000 }, (_, at) => 3 * at)
    const before = upTo(sampleOf(keys), 16)
    expect(upTo(sampleOf(keys), 16)).toEqual(before)
    const changed = [...Array.from({ length: 300 }, (_, at) => at - 1_000), ...keys.filter((key) => key % 500 !== 0)]
    expect(upTo(sampleOf(changed), 16).filter((border) => before.includes(border)).length).toBeGreaterThan(10)
  })

  it('has fewer ranges where there are fewer rows', () => {
    expect(cutBetween([], 16)).toEqual([{}])
    expect(cutBetween([['1', 'a']], 16)).toEqual([{}])
    expect(cutBetween([['1'], ['2'], ['3']], 16)).toEqual([
      { upTo: ['1'] },
      { after: ['1'], upTo: ['2'] },
      { after: ['2'] },
    ])
  })
})
