import { describe, expect, it } from 'vitest'
import type { Batch } from '../core/batch.js'
import type { Source } from '../core/source.js'
import { map } from './map.js'

const batches: readonly Batch<number>[] = [
  { lane: 'a', position: '1', items: [1, 2], unseenAt: 5 },
  { lane: 'b', position: undefined, items: [3] },
]

function source(acknowledged: Batch<number>[]): Source<number> {
  return {
    async *read() {
      yield* batches
    },
    async acknowledge(batch) {
      acknowledged.push(batch)
    },
    async [Symbol.asyncDispose]() {},
  }
}

async function read<Item>(from: Source<Item>): Promise<readonly Batch<Item>[]> {
  const all: Batch<Item>[] = []
  for await (const batch of from.read(new Map(), new AbortController().signal)) all.push(batch)
  return all
}

describe('map', () => {
  it('maps items and keeps lane, position and moment', async () => {
    const mapped = map(source([]), (items) => [...items].flatMap((item) => (item === 2 ? [] : [`${item}`, `${item}!`])))
    expect(await read(mapped)).toEqual([
      { lane: 'a', position: '1', items: ['1', '1!'], unseenAt: 5 },
      { lane: 'b', position: undefined, items: ['3', '3!'] },
    ])
  })

  it('acknowledges the batches it was given', async () => {
    const acknowledged: Batch<number>[] = []
    const mapped = map(source(acknowledged), () => [])
    for (const batch of await read(mapped)) await mapped.acknowledge(batch)
    expect(acknowledged).toEqual(batches)
    expect(acknowledged[0]).toBe(batches[0])
    await expect(mapped.acknowledge({ lane: 'a', position: '1', items: [] })).rejects.toThrow('never read')
  })

  it('offers caughtUp only when the source does', async () => {
    expect(map(source([]), () => []).caughtUp).toBeUndefined()
    const seen: AbortSignal[] = []
    const endless = { ...source([]), caughtUp: async (signal: AbortSignal) => void seen.push(signal) }
    const { signal } = new AbortController()
    await map(endless, () => []).caughtUp?.(signal)
    expect(seen).toEqual([signal])
  })
})
