import { expect, test } from 'vitest'
import type { Batch, Checkpoints } from '../../core/batch.js'
import { lanesNamed, marked, nameOf } from './direction-name.js'

const batch: Batch<string> = { lane: 'sweep', position: 'p', items: ['row'] }

function source() {
  const seen: { from: Checkpoints; acknowledged: Batch<string>[] } = { from: new Map(), acknowledged: [] }
  return {
    seen,
    async *read(from: Checkpoints) {
      seen.from = from
      yield batch
    },
    async acknowledge(stored: Batch<string>) {
      seen.acknowledged.push(stored)
    },
    async [Symbol.asyncDispose]() {},
  }
}

test('of two sides lanes keep their names, and events are marked', () => {
  const inner = source()
  const name = { from: 1, to: 0, of: 2 }
  expect(nameOf(name)).toBe('<')
  expect(lanesNamed(inner, name)).toBe(inner)
  const lanes: string[] = []
  marked((event) => 'lane' in event && lanes.push(event.lane), name)({ flow: 'f', type: 'checkpoint', lane: 'tail' })
  expect(lanes).toEqual(['< tail'])
})

test('of three sides lanes have the name of their direction, and find the position that they saved', async () => {
  const inner = source()
  const named = lanesNamed(inner, { from: 0, to: 2, of: 3 })
  const saved = new Map([
    ['1>3 sweep', 'ours'],
    ['2>3 sweep', 'of another direction'],
    ['sweep', 'of the time when there were two sides'],
  ])
  for await (const read of named.read(saved, new AbortController().signal)) {
    expect(read).toEqual({ ...batch, lane: '1>3 sweep' })
    await named.acknowledge(read)
  }
  expect(inner.seen.from).toEqual(new Map([['sweep', 'ours']]))
  expect(inner.seen.acknowledged[0]).toBe(batch)
})
