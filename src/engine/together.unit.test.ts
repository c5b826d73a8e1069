import { describe, expect, it } from 'vitest'
import { merged, Together } from './together.js'

const sizes = (...lengths: number[]) =>
  lengths.map((length, at) => ({ lane: 'a', position: String(at + 1), items: Array.from({ length }, () => 'good') }))

function together({ items = 100, bytes = 1_000 } = {}): Together<string> {
  return new Together({ items, bytes, sizeOf: ({ length }) => length * 10, isFaulty: (item) => item === 'bad' })
}

describe('batches that wait', () => {
  it('are written together as far as items and bytes allow', () => {
    expect(together().count(sizes(40, 40, 40))).toBe(2)
    expect(together({ bytes: 500 }).count(sizes(40, 10, 1))).toBe(2)
    expect(together().count(sizes(10, 10))).toBe(2)
  })

  it('are written alone when there is one, when it is too large, or when nothing may be put together', () => {
    expect(together().count(sizes(10))).toBe(1)
    expect(together().count(sizes(500, 1))).toBe(1)
    expect(together({ items: 0 }).count(sizes(1, 1))).toBe(1)
  })

  it('are not put together with one in which something is known to be bad', () => {
    const faulty = { lane: 'a', position: '9', items: ['good', 'bad'] }
    expect(together().count([...sizes(10, 10), faulty])).toBe(2)
    expect(together().count([faulty, ...sizes(10)])).toBe(1)
  })

  it('stay alone for a while after a refusal, and while the target is slow', () => {
    const careful = together()
    careful.refused()
    const counts = Array.from({ length: 65 }, () => careful.count(sizes(10, 10)))
    expect(counts).toEqual([...Array.from({ length: 64 }, () => 1), 2])
    careful.took(1_500)
    expect(careful.count(sizes(10, 10))).toBe(1)
    careful.took(20)
    expect(careful.count(sizes(10, 10))).toBe(2)
  })

  it('become one with the position of the last and the moment of the first', () => {
    const [first, second] = sizes(2, 1)
    if (first === undefined || second === undefined) throw new Error('two were made')
    expect(
      merged([
        { ...first, unseenAt: 5 },
        { ...second, unseenAt: 9 },
      ]),
    ).toEqual({
      lane: 'a',
      position: '2',
      items: ['good', 'good', 'good'],
      unseenAt: 5,
    })
  })
})
