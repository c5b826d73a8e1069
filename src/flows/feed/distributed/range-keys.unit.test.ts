import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packHashes, unpackHashes } from './key-hashes.js'
import { RangeKeys } from './range-keys.js'
import type { FeedTask } from './range-task.js'

const TASK: FeedTask = {
  ...{ name: 'facilities', sequence: 1, run: '0'.repeat(16), generation: { timestamp: 1, nonce: 1 } },
  ...{ database: 'db', schema: 'schema', range: {}, left: [] },
}

const told = (keys: RangeKeys): readonly bigint[] => [...keys.told()].flatMap((some) => [...unpackHashes(some.keys)])

describe('the keys of a range', () => {
  it('come through a text as they are', () => {
    const hashes = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    fc.assert(
      fc.property(hashes, (some) => {
        expect([...unpackHashes(packHashes(some))]).toEqual(some)
      }),
    )
  })

  it('are told in pieces, each once, but for those of ranges before, which are seen', () => {
    const first = new RangeKeys(TASK)
    for (let row = 0; row < 40_000; row++) first.seen.add(`id-${row % 20_000}`)
    const hashes = told(first)
    expect(new Set(hashes).size).toBe(20_000)
    expect([...first.told()].map(({ count }) => count)).toEqual([16_384, 3_616])
    const second = new RangeKeys({ ...TASK, repeated: packHashes(hashes) })
    expect(second.seen.add('id-19999')).toBe(true)
    expect(second.seen.add('id-20000')).toBe(false)
    expect(told(second)).toHaveLength(1)
  })
})
