import { expect, it } from 'vitest'
import { sampleBuckets } from './sample.js'

it('takes as many buckets as its share, each once, the same ones every time', () => {
  const sample = sampleBuckets({ share: 0.01 })
  expect(sample).toHaveLength(41)
  expect(new Set(sample.map(({ index }) => index)).size).toBe(41)
  expect(sampleBuckets({ share: 0.01, seed: 0 })).toEqual(sample)
})

it('has had all buckets after as many seeds as there are shares', () => {
  const seeds = Array.from({ length: 16 }, (_, seed) => sampleBuckets({ share: 1 / 16, seed }))
  const indexes = seeds.flat().map(({ index }) => index)
  expect(indexes).toHaveLength(4_096)
  expect(new Set(indexes).size).toBe(4_096)
})

it('divides further for a very small share', () => {
  expect(sampleBuckets({ share: 0.0001 })).toHaveLength(7)
  expect(sampleBuckets({ share: 0.0001 })[0]?.depth).toBe(16)
  expect(sampleBuckets({ share: 1e-9, seed: 123_456 })).toHaveLength(1)
})
