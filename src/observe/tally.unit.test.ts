import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfigError, UnavailableError } from '../core/errors.js'
import { fanOut } from './fan-out.js'
import { LagHistogram } from './lag-histogram.js'
import { type FlowTally, tally } from './tally.js'

const flow = 'mirror'
const batch = (items: number, lagMs?: number) =>
  ({ flow, type: 'batch', lane: 'a', items, durationMs: 1, lagMs }) as const

describe('tally', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_250 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function only(from: ReturnType<typeof tally>): FlowTally {
    const [first] = from.snapshot()
    if (first === undefined) throw new Error('no flow was counted')
    return first
  }

  it('keeps count over the runs of a flow with a schedule, and how the last one ended', () => {
    const counts = tally()
    const { observer } = counts
    const waits = { flow, type: 'scheduled', kind: 'feed', nextAt: '2026-01-01T00:00:00Z' } as const
    observer(waits)
    expect(only(counts)).toMatchObject({
      kind: 'feed',
      state: 'scheduled',
      nextRunAt: waits.nextAt,
      lastRun: undefined,
    })
    observer({ flow, type: 'started', kind: 'feed' })
    observer(batch(10))
    vi.advanceTimersByTime(5_000)
    observer({ flow, type: 'stopped', exitCode: 3, error: new UnavailableError('gone', 'no answer') })
    observer(waits)
    const lastRun = { startedAt: '2023-11-14T22:13:20.250Z', endedAt: '2023-11-14T22:13:25.250Z', exitCode: 3 }
    expect(only(counts)).toMatchObject({ state: 'scheduled', items: 10, lastRun: { ...lastRun, error: 'no answer' } })
    observer({ flow, type: 'started', kind: 'feed' })
    observer(batch(5))
    expect(only(counts)).toMatchObject({ state: 'running', items: 15, lastError: undefined })
    observer({ flow, type: 'stopped', exitCode: 0, error: undefined })
    observer(waits)
    observer({ flow, type: 'stopped', exitCode: 0, error: undefined })
    expect(only(counts)).toMatchObject({
      state: 'stopped',
      nextRunAt: undefined,
      lastRun: { exitCode: 0, error: undefined },
    })
  })

  it('counts what flows tell', () => {
    const counts = tally()
    const { observer } = counts
    observer({ flow, type: 'started', kind: 'sync' })
    observer(batch(10, 5))
    observer(batch(20, 7))
    observer(batch(0))
    const error = new UnavailableError('gone', 'no answer from postgres://me:pa55word@db/app')
    observer({ flow, type: 'retry', lane: 'a', attempt: 1, delayMs: 10, error })
    observer({ flow, type: 'dead-letters', lane: 'a', count: 3, code: 'c', reason: 'r' })
    observer({ flow, type: 'dead-letters', lane: 'a', count: 7, code: 'o', reason: 'r', held: true })
    observer({ flow, type: 'skipped', lane: 'a', count: 4, reason: 'stale' })
    observer({ flow, type: 'skipped', lane: 'b', count: 1, reason: 'unknown-type' })
    observer({ flow, type: 'conflicts', count: 2, decision: 'kept-both' })
    observer({ flow, type: 'verdict', verdict: 'same', detail: 'all of it', figures: { rows: 30 } })
    observer({ flow, type: 'health', subject: 'db', healthy: false, reason: 'gone' })
    observer({ flow: 'other', type: 'started', kind: 'check' })
    expect(counts.snapshot().map((each) => each.flow)).toEqual(['mirror', 'other'])
    expect(only(counts)).toMatchObject({
      kind: 'sync',
      state: 'running',
      startedAt: '2023-11-14T22:13:20.250Z',
      items: 30,
      batches: 3,
      retries: 1,
      deadLetters: 3,
      held: 7,
      skipped: 5,
      conflicts: 2,
      caughtUp: false,
      lagMs: { last: 7, max: 7 },
      lastError: 'no answer from postgres://[redacted]@db/app',
      lastVerdict: { verdict: 'same', detail: 'all of it', at: '2023-11-14T22:13:20.250Z' },
      unhealthy: [{ subject: 'db', reason: 'gone' }],
    })
    observer({ flow, type: 'health', subject: 'db', healthy: true, reason: undefined })
    observer({ flow, type: 'caught-up' })
    expect(only(counts)).toMatchObject({ unhealthy: [], caughtUp: true })
  })

  it('follows a flow to its end, and begins anew when it starts again', () => {
    const counts = tally()
    counts.observer({ flow, type: 'started', kind: 'sync' })
    counts.observer(batch(5))
    counts.observer({ flow, type: 'draining' })
    expect(only(counts).state).toBe('draining')
    counts.observer({ flow, type: 'stopped', exitCode: 0, error: undefined })
    expect(only(counts)).toMatchObject({ state: 'stopped', exitCode: 0 })
    counts.observer({ flow, type: 'started', kind: 'sync' })
    expect(only(counts)).toMatchObject({ state: 'running', items: 0, exitCode: undefined })
    const error = new ConfigError({ code: 'x', key: 'flows.mirror', message: 'is wrong', fix: 'mend it' })
    counts.observer({ flow, type: 'stopped', exitCode: 2, error })
    expect(only(counts)).toMatchObject({ state: 'failed', exitCode: 2, lastError: error.message })
  })

  it('gives the rate of the last ten seconds', () => {
    const counts = tally()
    counts.observer({ flow, type: 'started', kind: 'sync' })
    for (let second = 0; second < 30; second++) {
      vi.advanceTimersByTime(1_000)
      counts.observer(batch(500))
      if (second > 0) expect(only(counts).itemsPerSecond).toBeGreaterThan(450)
      expect(only(counts).itemsPerSecond).toBeLessThan(560)
    }
    vi.advanceTimersByTime(12_000)
    expect(only(counts).itemsPerSecond).toBe(0)
    expect(only(counts).items).toBe(15_000)
  })
})

describe('LagHistogram', () => {
  it('knows percentiles to within a tenth', () => {
    const lags = new LagHistogram()
    expect(lags.quantile(0.5)).toBeUndefined()
    for (let lag = 1; lag <= 1_000; lag++) lags.record(lag, 1)
    for (const quantile of [0.1, 0.5, 0.9, 0.99]) {
      const exact = quantile * 1_000
      expect(lags.quantile(quantile)).toBeGreaterThanOrEqual(exact * 0.99)
      expect(lags.quantile(quantile)).toBeLessThanOrEqual(exact * 1.1)
    }
    expect(lags.max).toBe(1_000)
  })

  it('weighs by items and takes any lag', () => {
    const lags = new LagHistogram()
    lags.record(0, 990)
    lags.record(1e12, 10)
    expect(lags.quantile(0.99)).toBe(1)
    expect(lags.quantile(1)).toBeGreaterThan(1e8)
  })
})

describe('fanOut', () => {
  it('tells every observer', () => {
    const seen: string[] = []
    fanOut(
      (event) => seen.push(`1 ${event.type}`),
      (event) => seen.push(`2 ${event.type}`),
    )({ flow, type: 'caught-up' })
    expect(seen).toEqual(['1 caught-up', '2 caught-up'])
  })
})
