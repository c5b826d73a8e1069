import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type BatchingLimits, batching } from './batching.js'

/** Records that come when told, without end until told. */
function feed() {
  const queue: IteratorResult<string>[] = []
  let wake: (() => void) | undefined
  let failure: Error | undefined
  const push = (result: IteratorResult<string>) => {
    queue.push(result)
    wake?.()
  }
  const closed = vi.fn()
  const iterator: AsyncIterator<string> = {
    async next() {
      while (queue.length === 0 && failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const result = queue.shift()
      if (result !== undefined) return result
      throw failure
    },
    async return() {
      closed()
      return { done: true, value: undefined }
    },
  }
  return {
    records: { [Symbol.asyncIterator]: () => iterator },
    give: (...items: string[]) => {
      for (const value of items) push({ done: false, value })
    },
    end: () => push({ done: true, value: undefined }),
    fail: (error: Error) => {
      failure = error
      wake?.()
    },
    closed,
  }
}

/** Collects the batches, and how it ended. */
function collect(source: ReturnType<typeof feed>, limits: BatchingLimits<string>) {
  const batches: (readonly string[])[] = []
  const ended = (async () => {
    for await (const batch of batching(source.records, limits)) batches.push(batch)
    return 'ended'
  })().catch((error: unknown) => error)
  return { batches, ended }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

describe('batching', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('closes a batch when it has all its items, without waiting', async () => {
    const source = feed()
    const { batches } = collect(source, { maxItems: 2, maxWaitMs: 1_000 })
    source.give('a', 'b', 'c')
    await settle()
    expect(batches).toEqual([['a', 'b']])
  })

  it('closes a batch when its first item has waited long enough', async () => {
    const source = feed()
    const { batches } = collect(source, { maxItems: 10, maxWaitMs: 50 })
    source.give('a')
    await vi.advanceTimersByTimeAsync(30)
    source.give('b')
    await vi.advanceTimersByTimeAsync(19)
    expect(batches).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(batches).toEqual([['a', 'b']])
    source.give('c')
    await vi.advanceTimersByTimeAsync(49)
    expect(batches).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(batches).toEqual([['a', 'b'], ['c']])
  })

  it('gives no empty batch while nothing comes', async () => {
    const source = feed()
    const { batches } = collect(source, { maxWaitMs: 50 })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(batches).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('closes a batch before an item that would make it too large', async () => {
    const source = feed()
    const { batches, ended } = collect(source, { maxBytes: 4, maxWaitMs: 1_000, sizeOf: (item) => item.length })
    source.give('aa', 'b', 'cc', 'ddddddd', 'e')
    source.end()
    expect(await ended).toBe('ended')
    expect(batches).toEqual([['aa', 'b'], ['cc'], ['ddddddd'], ['e']])
  })

  it('gives what is open when the items end', async () => {
    const source = feed()
    const { batches, ended } = collect(source, { maxItems: 10 })
    source.give('a', 'b')
    source.end()
    expect(await ended).toBe('ended')
    expect(batches).toEqual([['a', 'b']])
    expect(source.closed).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('throws an error after what came before it', async () => {
    const source = feed()
    const { batches, ended } = collect(source, { maxItems: 10 })
    source.give('a')
    source.fail(new Error('gone'))
    expect(await ended).toMatchObject({ message: 'gone' })
    expect(batches).toEqual([['a']])
  })

  it('ends on its signal although no item comes, and closes the iterator', async () => {
    const source = feed()
    const controller = new AbortController()
    const { batches, ended } = collect(source, { maxItems: 10, maxWaitMs: 50, signal: controller.signal })
    source.give('a')
    await settle()
    controller.abort()
    expect(await ended).toBe('ended')
    expect(batches).toEqual([])
    expect(source.closed).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('closes the iterator when its reader leaves', async () => {
    const source = feed()
    source.give('a', 'b')
    for await (const batch of batching(source.records, { maxItems: 1 })) {
      expect(batch).toEqual(['a'])
      break
    }
    expect(source.closed).toHaveBeenCalledOnce()
  })
})
