import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Items } from '../core/batch.js'
import { DataError } from '../core/errors.js'
import { bisect, pick } from './bisect.js'

const refused = new DataError('refused', 'no')

/** Searches 0..size-1 for `poison` and counts the probes. */
async function search(size: number, poison: readonly number[], options: { maxBad?: number; naming?: boolean } = {}) {
  const wanted = new Set(poison)
  let probes = 0
  const found = await bisect({
    items: Array.from({ length: size }, (_, index) => index),
    error: refused,
    maxBad: options.maxBad ?? Number.POSITIVE_INFINITY,
    async probe(items: Items<number>) {
      probes++
      const bad = [...items].flatMap((item, index) => (wanted.has(item) ? [index] : []))
      if (bad.length > 0) throw new DataError('refused', 'no', options.naming ? { bad } : {})
    },
  })
  return { found: found.map(({ index }) => index), probes }
}

describe('bisect', () => {
  it('finds one bad item in 1,000 with two probes per halving', async () => {
    for (const at of [0, 1, 499, 500, 998, 999]) {
      const { found, probes } = await search(1_000, [at])
      expect(found).toEqual([at])
      expect(probes).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(1_000)))
    }
  })

  it('finds several', async () => {
    const { found, probes } = await search(1_000, [3, 500, 501, 999])
    expect(found).toEqual([3, 500, 501, 999])
    expect(probes).toBeLessThanOrEqual(4 * 20)
  })

  it('finds all when all are bad', async () => {
    const { found, probes } = await search(64, [...Array(64).keys()])
    expect(found).toHaveLength(64)
    expect(probes).toBe(126)
  })

  it('ends soon after more than maxBad are found', async () => {
    const { found, probes } = await search(1_000, [...Array(1_000).keys()], { maxBad: 10 })
    expect(found).toHaveLength(11)
    expect(probes).toBeLessThanOrEqual(50)
  })

  it('trusts probes that name bad items, and probes the rest', async () => {
    const { found, probes } = await search(1_000, [3, 700, 701], { naming: true })
    expect(found).toEqual([3, 700, 701])
    expect(probes).toBeLessThanOrEqual(6)
  })

  it('finds nothing when items are refused only together', async () => {
    expect((await search(10, [])).found).toEqual([])
  })

  it('passes on other errors', async () => {
    const probe = () => Promise.reject(new Error('bug'))
    await expect(bisect({ items: [1, 2], error: refused, maxBad: 9, probe })).rejects.toThrow('bug')
  })

  it('finds exactly the bad ones, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 2, maxLength: 60 }), fc.boolean(), async (bad, naming) => {
        const poison = bad.flatMap((is, index) => (is ? [index] : []))
        expect((await search(bad.length, poison, { naming })).found).toEqual(poison)
      }),
    )
  })
})

describe('pick', () => {
  it('slices what lies side by side and filters what does not', () => {
    const items = ['a', 'b', 'c', 'd']
    expect([...pick(items, [1, 2])]).toEqual(['b', 'c'])
    expect([...pick(items, [0, 3])]).toEqual(['a', 'd'])
    expect([...pick(items, [])]).toEqual([])
  })
})
