import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Wakeup } from './wakeup.js'

const running = new AbortController().signal

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function watch(promise: Promise<void>): { over: boolean } {
  const state = { over: false }
  void promise.then(() => {
    state.over = true
  })
  return state
}

test('a pause ends after its time', async () => {
  const pause = watch(new Wakeup().pause(running, 20))
  await vi.advanceTimersByTimeAsync(19)
  expect(pause.over).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(pause.over).toBe(true)
})

test('without a time it goes on until somebody wakes it', async () => {
  const wakeup = new Wakeup()
  const pauses = [watch(wakeup.pause(running)), watch(wakeup.pause(running, 1_000_000))]
  await vi.advanceTimersByTimeAsync(500_000)
  expect(pauses.map(({ over }) => over)).toEqual([false, false])
  wakeup.wake()
  await vi.advanceTimersByTimeAsync(0)
  expect(pauses.map(({ over }) => over)).toEqual([true, true])
  expect(vi.getTimerCount()).toBe(0)
})

test('a wake ends the pauses under way, not later ones', async () => {
  const wakeup = new Wakeup()
  wakeup.wake()
  const pause = watch(wakeup.pause(running))
  await vi.advanceTimersByTimeAsync(0)
  expect(pause.over).toBe(false)
  wakeup.wake()
  await vi.advanceTimersByTimeAsync(0)
  expect(pause.over).toBe(true)
})

test('an abort ends it, and leaves neither timer nor listener', async () => {
  const stop = new AbortController()
  const removed = vi.spyOn(stop.signal, 'removeEventListener')
  const wakeup = new Wakeup()
  const pause = watch(wakeup.pause(stop.signal, 1_000))
  stop.abort()
  await vi.advanceTimersByTimeAsync(0)
  expect(pause.over).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
  expect(removed).toHaveBeenCalledTimes(1)
  await wakeup.pause(stop.signal)
})
