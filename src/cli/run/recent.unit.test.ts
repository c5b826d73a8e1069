import { expect, test } from 'vitest'
import { Recent } from './recent.js'

const NOW_MS = 1_700_000_000_000

test('history: one figure per whole second, oldest first, the current one left out', () => {
  const recent = new Recent()
  recent.add(5, undefined, NOW_MS - 20_000)
  recent.add(7, undefined, NOW_MS - 1_000)
  recent.add(1, undefined, NOW_MS - 500)
  recent.add(99, undefined, NOW_MS)
  const history = recent.history(NOW_MS)
  expect(history).toHaveLength(20)
  expect([history[0], history[18], history[19]]).toEqual([5, 0, 8])
})

test('lags are weighed by items and forgotten after ten seconds', () => {
  const recent = new Recent()
  recent.add(1_000, 9_000, NOW_MS - 10_001)
  recent.add(98, 10, NOW_MS)
  recent.add(1, 20, NOW_MS)
  recent.add(1, 500, NOW_MS)
  recent.add(0, 7_000, NOW_MS)
  expect(recent.lags(NOW_MS, [0.5, 0.99, 1])).toEqual([10, 20, 500])
  expect(recent.lags(NOW_MS + 20_000, [0.5])).toEqual([undefined])
})

test('a day of batches, one per millisecond of a minute, does not fill the memory', () => {
  const recent = new Recent()
  for (let ms = 0; ms < 60_000; ms++) recent.add(1, ms % 100, NOW_MS + ms)
  for (let second = 0; second < 86_400; second++) recent.add(1, 1, NOW_MS + 60_000 + second * 1_000)
  expect(recent.size).toBeLessThan(10_000)
})
