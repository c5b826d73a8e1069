import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DataError, UnavailableError } from '../core/errors.js'
import type { FlowEvent } from '../core/observer.js'
import { Health } from './health.js'
import { backOffMs, pause, retry } from './retry.js'

const away = () => new UnavailableError('gone', 'the server went away')

function scope() {
  const events: FlowEvent[] = []
  const observer = (event: FlowEvent) => {
    events.push(event)
  }
  const leave = new AbortController()
  const abort = new AbortController()
  const options = { initialMs: 100, maxMs: 1_000, random: () => 0.999 }
  const health = new Health('f', observer)
  return {
    events,
    leave,
    abort,
    scope: { flow: 'f', observer, health, options, leaving: leave.signal, abort: abort.signal },
  }
}
const call = { lane: 'a', subject: 'db', what: 'the write', deadlineMs: 5_000 }

describe('backOffMs', () => {
  it('doubles its bound up to the greatest, and takes any part of it', () => {
    const options = { initialMs: 100, maxMs: 1_000, random: () => 0.5 }
    expect([1, 2, 3, 4, 5, 6, 1_000].map((attempt) => backOffMs(attempt, options))).toEqual([
      50, 100, 200, 400, 500, 500, 500,
    ])
    expect(backOffMs(3, { ...options, random: () => 0 })).toBe(0)
  })
})

describe('retry', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('tries for as long as it takes and tells health once each way', async () => {
    const { events, scope: within } = scope()
    const attempts: number[] = []
    const outcome = retry(within, call, async (attempt) => {
      attempts.push(attempt)
      if (attempt < 20) throw away()
      return 'done'
    })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await outcome).toBe('done')
    expect(attempts).toHaveLength(20)
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(19)
    expect(events.filter(({ type }) => type === 'health')).toMatchObject([{ healthy: false }, { healthy: true }])
  })

  it('counts a passed deadline as being unavailable', async () => {
    const { events, scope: within } = scope()
    const outcome = retry(within, call, (attempt) =>
      attempt === 1 ? new Promise<never>(() => undefined) : Promise.resolve(attempt),
    )
    await vi.advanceTimersByTimeAsync(6_000)
    expect(await outcome).toBe(2)
    expect(events).toMatchObject([
      { type: 'health' },
      { type: 'retry', error: { code: 'deadline' } },
      { type: 'health' },
    ])
  })

  it('passes on what waiting cannot cure', async () => {
    const { scope: within } = scope()
    await expect(retry(within, call, () => Promise.reject(new DataError('bad', 'no')))).rejects.toThrow(DataError)
  })

  it('tries once more when the run leaves, then gives up', async () => {
    const { scope: within, leave } = scope()
    const work = vi.fn(() => Promise.reject(away()))
    const outcome = retry(within, call, work).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(10)
    expect(work).toHaveBeenCalledTimes(1)
    leave.abort()
    expect(await outcome).toBeInstanceOf(UnavailableError)
    expect(work).toHaveBeenCalledTimes(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends at once on abort', async () => {
    const { scope: within, abort } = scope()
    const outcome = retry(within, call, () => new Promise<never>(() => undefined)).catch((error: unknown) => error)
    abort.abort()
    expect(await outcome).toBe(abort.signal.reason)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('pause', () => {
  it('leaves no listener behind', async () => {
    const { signal } = new AbortController()
    for (let time = 0; time < 100; time++) await pause(0, signal)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})

describe('Health', () => {
  it('is red while any user of the subject fails', () => {
    const events: FlowEvent[] = []
    const health = new Health('f', (event) => events.push(event))
    health.failed('db', 'a', 'gone')
    health.failed('db', 'b', 'gone too')
    health.worked('db', 'a')
    health.worked('db', 'c')
    expect(events).toMatchObject([{ healthy: false, reason: 'gone' }])
    health.worked('db', 'b')
    expect(events).toMatchObject([{ healthy: false }, { healthy: true }])
  })
})
