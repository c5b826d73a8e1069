import { describe, expect, it } from 'vitest'
import { Gatherer } from './gatherer.js'

const never = new AbortController().signal
const limits = { items: 3, bytes: 100, waitMs: 60_000 }

describe('the gatherer', () => {
  it('closes a batch by number, and keeps lanes apart', async () => {
    const gatherer = new Gatherer<number>(limits)
    for (const item of [1, 2]) gatherer.add('a', item, 1)
    gatherer.add('b', 10, 1)
    gatherer.add('a', 3, 1)
    gatherer.add('a', 4, 1)
    expect(await gatherer.next(never)).toEqual({ lane: 'a', items: [1, 2, 3], bytes: 3 })
    expect([gatherer.waitingItems, gatherer.waitingBytes]).toEqual([2, 2])
  })

  it('closes a batch by bytes; a greater item has one of its own', async () => {
    const gatherer = new Gatherer<number>(limits)
    gatherer.add('a', 1, 60)
    gatherer.add('a', 2, 500)
    gatherer.add('a', 3, 1)
    gatherer.end()
    const batches = [await gatherer.next(never), await gatherer.next(never), await gatherer.next(never)]
    expect(batches.map((batch) => batch?.items)).toEqual([[1], [2], [3]])
    expect(await gatherer.next(never)).toBeUndefined()
    expect([gatherer.waitingItems, gatherer.waitingBytes]).toEqual([0, 0])
  })

  it('closes a batch when its first item has waited long enough, although it is asked before anything came', async () => {
    const gatherer = new Gatherer<number>({ ...limits, waitMs: 5 })
    const next = gatherer.next(never)
    gatherer.add('a', 1, 1)
    gatherer.add('b', 2, 1)
    expect((await next)?.items).toEqual([1])
    expect((await gatherer.next(never))?.items).toEqual([2])
  })

  it('gives out what came before an error, then throws it', async () => {
    const gatherer = new Gatherer<number>(limits)
    gatherer.add('a', 1, 1)
    gatherer.end(new Error('gone'))
    expect((await gatherer.next(never))?.items).toEqual([1])
    await expect(gatherer.next(never)).rejects.toThrow('gone')
  })

  it('stops waiting when the signal aborts, and hands back what nobody took', async () => {
    const gatherer = new Gatherer<number>(limits)
    const stop = new AbortController()
    const next = gatherer.next(stop.signal)
    gatherer.add('a', 1, 1)
    gatherer.add('b', 2, 1)
    stop.abort()
    expect(await next).toBeUndefined()
    expect(gatherer.drop('b')).toEqual([2])
    expect(gatherer.drop()).toEqual([1])
    expect(gatherer.waitingItems).toBe(0)
  })
})
