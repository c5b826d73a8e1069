import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { ServeEvent } from '../../core/distribute.js'
import { UnavailableError } from '../../core/errors.js'
import { Absence } from './absence.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const away = new UnavailableError('connection-refused', 'nobody is there')

/** A worker that does not pause, as it is told to stop. */
function absence(once: boolean): { readonly absence: Absence; readonly told: readonly ServeEvent[] } {
  const told: ServeEvent[] = []
  const drain = AbortSignal.abort()
  return { absence: new Absence({ once, drain, told: (event) => told.push(event) }), told }
}

it('is told once each time, and has no end for a worker that stays', async () => {
  const { absence: one, told } = absence(false)
  for (let hour = 0; hour < 3; hour++) {
    await one.wait(away)
    vi.advanceTimersByTime(3_600_000)
  }
  expect(told).toEqual([{ type: 'unavailable', error: away }])
  one.over()
  await one.wait(away)
  expect(told).toHaveLength(2)
})

it('ends with the error after a minute for a worker that comes again, counted anew each time', async () => {
  const { absence: one } = absence(true)
  for (let time = 0; time < 2; time++) {
    await one.wait(away)
    vi.advanceTimersByTime(59_000)
    await one.wait(away)
    one.over()
  }
  await one.wait(away)
  vi.advanceTimersByTime(60_000)
  await expect(one.wait(away)).rejects.toBe(away)
})
