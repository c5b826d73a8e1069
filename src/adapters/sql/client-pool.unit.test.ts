import { describe, expect, it, vi } from 'vitest'
import { addedUp } from '../../core/connection-figures.js'
import { ClientPool, type PoolClient } from './client-pool.js'

interface FakeClient extends PoolClient {
  usable: boolean
}

function pool(max: number): ClientPool<FakeClient> {
  return new ClientPool<FakeClient>({
    label: 'fake://pool',
    max,
    waitMs: 60_000,
    open: async () => ({ usable: true, destroy() {}, close: async () => {} }),
  })
}

describe('what a pool tells of its connections', () => {
  it('is how many are open and at work, who waits, and since when the oldest is at work', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const clients = pool(2)
      expect(clients.figures).toEqual({ open: 0, used: 0, waiting: 0, oldestUseMs: 0 })
      const first = await clients.lease()
      vi.advanceTimersByTime(700)
      const second = await clients.lease()
      const third = clients.lease()
      vi.advanceTimersByTime(300)
      expect(clients.figures).toEqual({ open: 2, used: 2, waiting: 1, oldestUseMs: 1_000 })
      clients.release(first)
      await third
      expect(clients.figures).toEqual({ open: 2, used: 2, waiting: 0, oldestUseMs: 300 })
      // A lost one is forgotten when it is given back.
      second.usable = false
      clients.release(second)
      expect(clients.figures).toMatchObject({ open: 1, used: 1 })
      clients.release(await third)
      expect(clients.figures).toEqual({ open: 1, used: 0, waiting: 0, oldestUseMs: 0 })
    } finally {
      vi.useRealTimers()
    }
  })

  it('of several is their sum, and the oldest of all', () => {
    const one = { open: 2, used: 1, waiting: 0, oldestUseMs: 40 }
    const other = { open: 3, used: 3, waiting: 2, oldestUseMs: 900 }
    expect(addedUp([one, other])).toEqual({ open: 5, used: 4, waiting: 2, oldestUseMs: 900 })
    expect(addedUp([])).toEqual({ open: 0, used: 0, waiting: 0, oldestUseMs: 0 })
  })
})
