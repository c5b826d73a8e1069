import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UnavailableError } from '../core/errors.js'
import { deadline } from './deadline.js'

const never = () => new Promise<never>(() => undefined)

describe('deadline', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('gives what the work gives', async () => {
    await expect(deadline({ what: 'it', ms: 10 }, async () => 7)).resolves.toBe(7)
    await expect(deadline({ what: 'it', ms: 10 }, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('rejects with what the work throws before it returns a promise', async () => {
    const work = () => {
      throw new Error('at once')
    }
    await expect(deadline({ what: 'it', ms: 10 }, work)).rejects.toThrow('at once')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('names what timed out and aborts the signal of the work', async () => {
    let inner: AbortSignal | undefined
    const waiting = deadline({ what: 'the write of lane 3', ms: 500 }, (signal) => {
      inner = signal
      return never()
    })
    const outcome = waiting.catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(499)
    expect(inner?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    const error = await outcome
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error).toMatchObject({ code: 'deadline', message: 'gave up waiting for the write of lane 3 after 500 ms' })
    expect(inner?.reason).toBe(error)
  })

  it('ends with the reason of the signal, and does not begin when that has aborted', async () => {
    const controller = new AbortController()
    const limit = { what: 'it', ms: 500, signal: controller.signal }
    const outcome = deadline(limit, never).catch((error: unknown) => error)
    controller.abort(new Error('leave'))
    expect(await outcome).toBe(controller.signal.reason)
    const work = vi.fn(async () => 1)
    await expect(deadline(limit, work)).rejects.toThrow('leave')
    expect(work).not.toHaveBeenCalled()
  })

  it('leaves no listener and no timer behind, however the calls end', async () => {
    const { signal } = new AbortController()
    for (let call = 0; call < 5_000; call++) {
      await deadline({ what: 'it', ms: 1_000, signal }, async () => call)
      await deadline({ what: 'it', ms: 1_000, signal }, () => Promise.reject(call)).catch(() => undefined)
    }
    const late = deadline({ what: 'it', ms: 5, signal }, never).catch(() => 'late')
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(5)
    expect(await late).toBe('late')
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(vi.getTimerCount()).toBe(0)
  })
})
