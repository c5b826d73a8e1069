import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseOptions } from '../settings.js'
import { HeldMoment } from './held-moment.js'

const store = { create: () => {}, list: () => {}, sweep: () => {} }
const database = {
  engine: 'postgres',
  label: 'db',
  holdSnapshot: async () => ({ name: 'held', close: async () => {} }),
}
const from = { exports: () => {}, grants: () => {}, database, name: 'facility', options: {} }
const distribute = { postgres: 'postgres://queue/app' }

async function isTooOld(consistency: string): Promise<boolean> {
  const settings = parseOptions({ from, to: store, distribute, consistency, snapshotMs: 1_000 })
  await using moment = await HeldMoment.open({ ...settings, name: 'facilities' }, new AbortController().signal)
  vi.advanceTimersByTime(1_001)
  return moment.old.aborted
}

afterEach(() => {
  vi.useRealTimers()
})

describe('the moment that all workers read', () => {
  it('grows too old where one is held, and only there', async () => {
    vi.useFakeTimers()
    expect(await isTooOld('snapshot')).toBe(true)
    expect(await isTooOld('ranges')).toBe(false)
    expect(await isTooOld('chunks')).toBe(false)
  })
})
