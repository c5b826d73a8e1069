import { describe, expect, it, vi } from 'vitest'
import type { Batch } from '../core/batch.js'
import { Lanes } from './lane.js'

const batch = (lane: string, position: string): Batch<number> => ({ lane, position, items: [] })

/** Each item is its bytes. */
const sizeOf = ({ items }: Batch<number>): number => [...items].reduce((sum, bytes) => sum + bytes, 0)

/** Lanes whose batches are stored when told to. */
function lanes(limits: { perLane: number; total: number; writing?: number; bytes?: number; together?: number }) {
  const running = new Map<string, { resolve: () => void; reject: (error: Error) => void }>()
  const order: string[] = []
  const failures: unknown[] = []
  const store = (stored: readonly Batch<number>[]) => {
    const name = `${stored[0]?.lane}${stored.map(({ position }) => position).join('+')}`
    order.push(name)
    return new Promise<void>((resolve, reject) => {
      running.set(name, { resolve, reject })
    })
  }
  const { together = 1, ...rest } = limits
  return {
    lanes: new Lanes<number>(
      { writing: 16, bytes: Infinity, ...rest },
      {
        sizeOf,
        together: (waiting) => Math.min(together, waiting.length),
        store,
        failed: (error) => failures.push(error),
      },
    ),
    running,
    order,
    failures,
  }
}

/** Whether the promise settles without anything else happening. */
async function settles(promise: Promise<void>): Promise<boolean> {
  let settled = false
  promise.then(
    () => {
      settled = true
    },
    () => undefined,
  )
  await new Promise((resolve) => setImmediate(resolve))
  return settled
}

describe('Lanes', () => {
  it('stores lanes side by side and the batches of a lane one at a time', async () => {
    const { lanes: all, running, order } = lanes({ perLane: 4, total: 16 })
    for (const [lane, position] of [
      ['a', '1'],
      ['a', '2'],
      ['b', '1'],
    ] as const)
      await all.put(batch(lane, position))
    expect(order).toEqual(['a1', 'b1'])
    running.get('a1')?.resolve()
    await vi.waitFor(() => expect(order).toEqual(['a1', 'b1', 'a2']))
    running.get('a2')?.resolve()
    expect(await settles(all.settled())).toBe(false)
    running.get('b1')?.resolve()
    expect(await settles(all.settled())).toBe(true)
  })

  it('has no room while its batches have too many bytes, one of which may be too large by itself', async () => {
    const { lanes: all, running } = lanes({ perLane: 4, total: 16, bytes: 10 })
    await all.put({ lane: 'a', position: '1', items: [9] })
    expect(await settles(all.room())).toBe(true)
    await all.put({ lane: 'b', position: '1', items: [90] })
    await all.put({ lane: 'b', position: '2', items: [10] })
    expect(await settles(all.room())).toBe(false)
    running.get('b1')?.resolve()
    await vi.waitFor(() => expect(running.has('b2')).toBe(true))
    expect(await settles(all.room())).toBe(false)
    running.get('b2')?.resolve()
    await vi.waitFor(async () => expect(await settles(all.room())).toBe(true))
    all.close()
  })

  it('has no room when a lane, or all lanes together, are full', async () => {
    const { lanes: all, running } = lanes({ perLane: 2, total: 3 })
    await all.put(batch('a', '1'))
    await all.put(batch('a', '2'))
    const third = all.put(batch('a', '3'))
    expect(await settles(third)).toBe(false)
    expect(await settles(all.room())).toBe(true)
    await all.put(batch('b', '1'))
    expect(await settles(all.room())).toBe(false)
    running.get('a1')?.resolve()
    expect(await settles(third)).toBe(true)
    expect(await settles(all.room())).toBe(false)
    running.get('b1')?.resolve()
    expect(await settles(all.room())).toBe(true)
  })

  it('drops what has not begun when one fails, and takes nothing more', async () => {
    const { lanes: all, running, order, failures } = lanes({ perLane: 4, total: 16 })
    for (const position of ['1', '2']) {
      await all.put(batch('a', position))
      await all.put(batch('b', position))
    }
    const error = new Error('no')
    running.get('a1')?.reject(error)
    await vi.waitFor(() => expect(failures).toEqual([error]))
    await all.put(batch('a', '3'))
    expect(await settles(all.settled())).toBe(false)
    running.get('b1')?.resolve()
    expect(await settles(all.settled())).toBe(true)
    expect(order).toEqual(['a1', 'b1'])
  })

  it('stores no more batches at the same time than it may, and drops those that wait for their turn when one fails', async () => {
    const { lanes: all, running, order } = lanes({ perLane: 4, total: 16, writing: 2 })
    for (const lane of ['a', 'b', 'c', 'd']) await all.put(batch(lane, '1'))
    expect(order).toEqual(['a1', 'b1'])
    running.get('b1')?.resolve()
    await vi.waitFor(() => expect(order).toEqual(['a1', 'b1', 'c1']))
    running.get('c1')?.reject(new Error('no'))
    running.get('a1')?.resolve()
    expect(await settles(all.settled())).toBe(true)
    expect(order).toEqual(['a1', 'b1', 'c1'])
  })

  it('stores several batches that waited in a lane at one time, and drops none of them while they are', async () => {
    const { lanes: all, running, order, failures } = lanes({ perLane: 4, total: 16, together: 2 })
    for (const position of ['1', '2', '3', '4']) await all.put(batch('a', position))
    running.get('a1')?.resolve()
    await vi.waitFor(() => expect(order).toEqual(['a1', 'a2+3']))
    all.close()
    expect(await settles(all.settled())).toBe(false)
    running.get('a2+3')?.resolve()
    expect(await settles(all.settled())).toBe(true)
    expect(order).toEqual(['a1', 'a2+3'])
    expect(failures).toEqual([])
  })
})
