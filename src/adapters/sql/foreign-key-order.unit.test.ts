import { describe, expect, it } from 'vitest'
import { parentsFirst } from './foreign-key-order.js'

const refers = (child: string, parent: string) => ({ child, parent })

describe('the order of tables', () => {
  it('is as given when nothing refers to anything', () => {
    expect(parentsFirst(['b', 'a', 'c'], [])).toEqual(['b', 'a', 'c'])
  })

  it('puts parents first, over several steps', () => {
    const references = [refers('rates', 'items'), refers('items', 'quotes'), refers('rates', 'quotes')]
    expect(parentsFirst(['rates', 'other', 'items', 'quotes'], references)).toEqual([
      'other',
      'quotes',
      'items',
      'rates',
    ])
  })

  it('does not mind tables of others, or a table that refers to itself', () => {
    expect(parentsFirst(['a'], [refers('a', 'elsewhere'), refers('elsewhere', 'a'), refers('a', 'a')])).toEqual(['a'])
  })

  it('names a circle and not those who only hang on it', () => {
    const references = [refers('leaf', 'a'), refers('a', 'b'), refers('b', 'a')]
    expect(() => parentsFirst(['leaf', 'a', 'b'], references)).toThrow(
      expect.objectContaining({ code: 'foreign-key-cycle', problem: expect.stringContaining('of a, b form') }),
    )
  })
})
