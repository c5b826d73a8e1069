import { expect, test } from 'vitest'
import type { BatchEvent } from '../../core/observer.js'
import { Series } from './series.js'
import { SeriesPair } from './series-pair.js'

const NOW_MS = 1_700_000_000_000

const batch = (items: number, durationMs: number, lagMs: number | undefined): BatchEvent => ({
  flow: 'one',
  type: 'batch',
  lane: '',
  items,
  durationMs,
  lagMs,
})

test('both series hold what each batch brought, of the second that is not over too', () => {
  const pair = new SeriesPair(new Series(1_000, 60), new Series(10_000, 6))
  const [first, later] = [NOW_MS, NOW_MS + 11_500]
  pair.batch(first, batch(3, 10, 7))
  pair.batch(first + 999, batch(4, 10, undefined))
  pair.add(first + 999, { retries: 1 })
  pair.batch(first + 1_000, batch(5, 1, 2))
  pair.batch(later, batch(6, 2, undefined))
  const read = () => {
    const { fine, coarse } = pair.settled()
    return { fine: fine.columns(later, 13), coarse: coarse.columns(later, 2) }
  }
  expect(read()).toEqual(read())
  const { fine, coarse } = read()
  expect(fine.items.filter((items) => items > 0)).toEqual([7, 5, 6])
  expect([coarse.items, coarse.batches, coarse.busyMs]).toEqual([
    [12, 6],
    [3, 1],
    [21, 2],
  ])
  expect([coarse.lagMs, coarse.retries]).toEqual([
    [7, null],
    [1, 0],
  ])
})

test('a clock that is set back loses nothing', () => {
  const pair = new SeriesPair(new Series(1_000, 60), new Series(10_000, 6))
  pair.batch(NOW_MS + 5_000, batch(1, 1, 1))
  pair.batch(NOW_MS, batch(2, 1, 1))
  pair.batch(NOW_MS + 5_000, batch(4, 1, 1))
  const { items } = pair.settled().fine.columns(NOW_MS + 5_000, 6)
  expect([items[0], items[5]]).toEqual([2, 5])
})
