import { expect, test } from 'vitest'
import type { CheckProgress } from '../../core/progress.js'
import { renderProgress } from '../render/check-progress.js'
import { plain } from '../render/paint.js'
import { ProgressMeter } from './progress-meter.js'

/** A meter on a clock that the test moves. */
function metered() {
  let nowMs = 1_000
  const meter = new ProgressMeter('blobs', () => nowMs)
  return {
    after(ms: number, progress?: CheckProgress) {
      nowMs += ms
      if (progress !== undefined) meter.take(progress)
      return meter.look()
    },
    line: (width = 200) => {
      const view = meter.look()
      return view && renderProgress(view, { width, paint: plain })
    },
  }
}

const counting = (done: number, of: number | undefined = 100_000): CheckProgress => ({ phase: 'count', done, of })

test('nothing is shown before the first word', () => {
  expect(metered().line()).toBeUndefined()
})

test('a rate gives what is left', () => {
  const { after, line } = metered()
  after(0, counting(0))
  expect(after(5_000, counting(25_000))).toMatchObject({ share: 0.25, rowsPerSecond: 5_000, leftMs: 15_000 })
  expect(line()).toBe('blobs: recounting · ████░░░░░░░░░░░░ 25 % · 5,000 rows/s · 5.0 s · 15 s left')
  expect(line(40)).toHaveLength(39)
})

test('a rate is one of the last seconds, and falls while nothing comes', () => {
  const { after } = metered()
  after(0, counting(0))
  after(1_000, counting(50_000))
  after(10_000, counting(60_000))
  expect(after(1_000, counting(61_000))?.rowsPerSecond).toBe(1_000)
  expect(after(10_000)?.rowsPerSecond).toBeLessThan(200)
})

test('of one statement the time it took before tells how far it is, and never that it is done', () => {
  const { after } = metered()
  after(0, { phase: 'narrow', done: 0, of: 500, expectedMs: 10_000 })
  expect(after(4_000)).toMatchObject({ share: 0.4, leftMs: 6_000, rowsPerSecond: undefined })
  expect(after(9_000)).toMatchObject({ share: 0.99, leftMs: undefined })
})

test('a share that is told counts for more than what was expected, and its time gives what is left', () => {
  const { after, line } = metered()
  after(0, { phase: 'digest', done: 0, of: undefined, expectedMs: 1_000 })
  after(10_000, { phase: 'digest', done: 0, of: undefined, expectedMs: 1_000, share: 0.25 })
  expect(after(6_000)).toMatchObject({ share: 0.25, leftMs: 24_000, rowsPerSecond: undefined })
  expect(line()).toBe('blobs: hashing both tables · ████░░░░░░░░░░░░ 25 % · 16 s · 24 s left')
  expect(after(60_000)).toMatchObject({ share: 0.25, leftMs: 0 })
  expect(after(0, { phase: 'digest', done: 0, of: undefined, share: 0.1 })).toMatchObject({ share: 0.1 })
})

test('where nobody knows how much there is, neither share nor end is made up', () => {
  const { after, line } = metered()
  after(0, { phase: 'digest', done: 0, of: undefined })
  after(3_000)
  expect(line()).toBe('blobs: hashing both tables · 3.0 s')
})

test('a new phase starts its own rate', () => {
  const { after } = metered()
  after(0, { phase: 'fetch', done: 0, of: 1_000 })
  after(1_000, { phase: 'fetch', done: 1_000, of: 1_000 })
  expect(after(0, { phase: 'confirm', done: 0, of: 1_000 })).toMatchObject({ share: 0, rowsPerSecond: undefined })
})
