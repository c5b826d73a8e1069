import { expect, test } from 'vitest'
import { Pace } from './pace.js'
import { RangePace } from './range-pace.js'

const options = { targetMs: 500, first: 100, least: 10, most: 100_000 }

test('the size grows and shrinks towards the target time, by four at most', () => {
  const pace = new Pace(options)
  pace.took(10)
  expect(pace.size).toBe(400)
  pace.took(1_000)
  expect(pace.size).toBe(200)
  pace.took(60_000)
  expect(pace.size).toBe(50)
})

test('a statement of the least size that takes many times its target rests the server, for no longer than it took', () => {
  const pace = new Pace({ ...options, first: 10 })
  expect(pace.took(1_900)).toBe(0)
  expect(pace.took(2_100)).toBe(2_100)
  expect(pace.took(600_000)).toBe(5_000)
})

test('where units are alike, those that take over twice the time of the quickest rest the server the longer the slower', () => {
  const pace = new Pace({ ...options, steady: true })
  expect(pace.took(500, 1_000)).toBe(0)
  expect(pace.took(500, 600)).toBe(0)
  const slower = pace.took(500, 300)
  const slowest = pace.took(500, 100)
  expect(slower).toBeGreaterThan(200)
  expect(slowest).toBe(500)
  expect(new Pace(options).took(500, 1)).toBe(0)
})

test('a server that stays slow becomes the measure, so that a slow part of a table is read at full speed by and by', () => {
  const pace = new Pace({ ...options, steady: true })
  pace.took(500, 1_000)
  const rests = Array.from({ length: 200 }, () => pace.took(500, 200))
  expect(rests[0]).toBe(500)
  expect(rests.at(-1)).toBe(0)
})

test('what is shorter than half the target neither rests nor is the measure', () => {
  const pace = new Pace({ ...options, steady: true })
  expect(pace.took(1, 1_000)).toBe(0)
  expect(pace.took(240, 10)).toBe(0)
  expect(pace.took(500, 100)).toBe(0)
})

function ranged(more: { readonly ranges?: number; readonly latencyMs?: number } = {}) {
  const told: number[] = []
  const pace = new RangePace({
    first: 100,
    least: 10,
    of: 10_000,
    latencyMs: 0,
    signal: new AbortController().signal,
    told: (done, of) => told.push(done / of),
    ...more,
  })
  return { pace, told }
}

test('a distant server gets no smaller ranges than a near one, as the way is not counted', () => {
  const { pace } = ranged({ latencyMs: 2_000 })
  pace.took(2_250, { size: 100, isLast: false })
  expect(pace.size).toBe(200)
})

test('each range is told, and after the last one there is no rest', () => {
  const { pace, told } = ranged()
  pace.took(500, { size: 5_000, isLast: false })
  expect(pace.took(60_000, { size: 2_500, isLast: false })).toBe(5_000)
  expect(pace.took(60_000, { size: 2_500, isLast: true })).toBe(0)
  expect(told).toEqual([0.5, 0.75, 1])
})

test('a pass that brings sums of many buckets has no more ranges than it may, however slow', () => {
  const { pace } = ranged({ ranges: 16 })
  expect(pace.size).toBe(625)
  pace.took(600_000, { size: 625, isLast: false })
  expect(pace.size).toBe(625)
})
