import { describe, expect, it } from 'vitest'
import { laneOf } from './lane-of.js'

describe('laneOf', () => {
  it('gives one key one lane, and spreads keys over all of them', () => {
    const keys = Array.from({ length: 1_000 }, (_, index) => `key ${index}`)
    const lanes = keys.map((key) => laneOf(key, 4))
    expect(lanes).toEqual(keys.map((key) => laneOf(key, 4)))
    for (const lane of ['0', '1', '2', '3']) {
      expect(lanes.filter((each) => each === lane).length).toBeGreaterThan(150)
    }
  })

  it('knows only one lane when there is one', () => {
    expect(laneOf('any', 1)).toBe('0')
  })
})
