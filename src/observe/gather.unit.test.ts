import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { BatchEvent, FlowEvent } from '../core/observer.js'
import { FlowBoard } from './board/flow-board.js'
import { eachBatch, lastLagOf } from './each-batch.js'
import { fanOut, type TimedObserver } from './fan-out.js'
import { gather } from './gather.js'
import { tally } from './tally.js'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const batch = (flow: string, lane: string, items: number, lagMs?: number): BatchEvent => ({
  flow,
  type: 'batch',
  lane,
  items,
  durationMs: 2 * items,
  lagMs,
})

interface Heard {
  readonly what: string
  /** Items, duration and lag of each batch. */
  readonly each: readonly (readonly (number | undefined)[])[]
  readonly atMs: number | undefined
}

/** Keeps copies, as the figures of each batch are those only while the event is told. */
function listener() {
  const heard: Heard[] = []
  const take = (event: FlowEvent, atMs?: number): void => {
    const each: (readonly (number | undefined)[])[] = []
    if (event.type === 'batch') eachBatch(event, (...figures) => each.push(figures))
    heard.push({ what: `${event.flow} ${event.type === 'batch' ? event.lane : event.type}`, each, atMs })
  }
  return { heard, take }
}

test('batches of a lane are told together within 200 ms, with the figures of each and the time of the last', () => {
  const { heard, take } = listener()
  const tell = gather(take)
  const since = Date.now()
  tell(batch('a', 'x', 1, 7))
  vi.advanceTimersByTime(40)
  tell(batch('b', 'x', 2))
  tell(batch('a', 'y', 4, 1))
  tell(batch('a', 'x', 3, 0), since + 41)
  vi.advanceTimersByTime(159)
  expect(heard).toEqual([])
  vi.advanceTimersByTime(1)
  expect(heard).toEqual([
    {
      what: 'a x',
      each: [
        [1, 2, 7],
        [3, 6, 0],
      ],
      atMs: since + 41,
    },
    { what: 'a y', each: [[4, 8, 1]], atMs: since + 40 },
    { what: 'b x', each: [[2, 4, undefined]], atMs: since + 40 },
  ])
  tell(batch('b', 'x', 4))
  vi.advanceTimersByTime(200)
  expect(heard.slice(3)).toEqual([{ what: 'b x', each: [[4, 8, undefined]], atMs: since + 200 }])
  expect(vi.getTimerCount()).toBe(0)
})

test('an event of several batches has their sums, their greatest lag and the lag of the last', () => {
  const told: { sums: readonly (number | undefined)[]; last: number | undefined }[] = []
  const tell = gather((event) => {
    if (event.type !== 'batch') return
    told.push({ sums: [event.items, event.durationMs, event.lagMs], last: lastLagOf(event) })
  })
  for (const lagMs of [undefined, 9, 3]) tell(batch('a', 'lagging', 2, lagMs))
  tell(batch('a', 'unknown', 5))
  vi.advanceTimersByTime(200)
  expect(told).toEqual([
    { sums: [6, 12, 9], last: 3 },
    { sums: [5, 10, undefined], last: undefined },
  ])
})

test('what changes the state of a flow is told after its batches, what is wrong at once, and a checkpoint not at all', () => {
  const { heard, take } = listener()
  const tell = gather(take)
  tell({ flow: 'a', type: 'started', kind: 'ingest' })
  tell(batch('a', 'x', 1))
  tell({ flow: 'a', type: 'checkpoint', lane: 'x' })
  tell({ flow: 'a', type: 'health', subject: 'db', healthy: false, reason: undefined })
  tell({ flow: 'a', type: 'dead-letters', lane: 'x', count: 1, code: 'c', reason: 'r' })
  expect(heard.map(({ what }) => what)).toEqual(['a started', 'a health', 'a dead-letters'])
  tell({ flow: 'a', type: 'stopped', exitCode: 0, error: undefined })
  tell({ ...batch('a', 'asked', 2), requestId: 'one' })
  expect(heard.slice(3).map(({ what }) => what)).toEqual(['a x', 'a stopped', 'a asked'])
  vi.advanceTimersByTime(1_000)
  expect(heard).toHaveLength(6)
})

test('none of many lanes and batches is left out or told twice, and they do not wait without end', () => {
  const { heard, take } = listener()
  const tell = gather(take)
  const itemsOf = (index: number): number => 1 + (index % 7)
  const tellFrom = (first: number, end: number): void => {
    for (let index = first; index < end; index++) tell(batch('a', `lane ${index % 3_000}`, itemsOf(index)))
  }
  const told = (): readonly number[] => heard.flatMap(({ each }) => each.map(([items]) => items ?? 0))
  for (let index = 0; index < 20_000; index += 1_000) {
    tellFrom(index, index + 1_000)
    expect(index + 1_000 - told().length).toBeLessThanOrEqual(4_096)
  }
  vi.advanceTimersByTime(200)
  const all = Array.from({ length: 20_000 }, (_, index) => itemsOf(index))
  expect(told().toSorted()).toEqual(all.toSorted())
})

test('those who count know the same as if each batch had been told by itself', () => {
  const events = Array.from({ length: 500 }, (_, index): FlowEvent => {
    const lane = `lane ${index % 3}`
    if (index % 50 === 7) return { flow: 'a', type: 'dead-letters', lane, count: 2, code: 'c', reason: 'r' }
    return batch('a', lane, index % 11, index % 4 === 0 ? undefined : (index * 37) % 900)
  })
  const figures = (wrap: (observer: TimedObserver) => TimedObserver) => {
    const counts = tally()
    const board = new FlowBoard(counts)
    const tell = wrap(fanOut((event, nowMs = Date.now()) => counts.take(event, nowMs), board.observer))
    tell({ flow: 'a', type: 'started', kind: 'ingest' })
    for (const event of events) tell(event)
    vi.advanceTimersByTime(200)
    const lanes = board.lanes('a').toSorted((one, other) => one.lane.localeCompare(other.lane))
    const { lagMs, ...counted } = counts.of('a') ?? {}
    // Of which lane the last batch was is not kept.
    const lags = { ...lagMs, last: undefined }
    return [counted, lags, board.totals('a'), lanes.map(({ lastBatchMs: _, ...lane }) => lane)]
  }
  const asTold = figures((observer) => observer)
  vi.setSystemTime(1_700_000_000_000)
  expect(figures(gather)).toEqual(asTold)
})
