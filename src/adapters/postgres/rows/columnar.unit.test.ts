import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DataError } from '../../../core/errors.js'
import { ColumnarRows } from './columnar.js'

const value = fc.option(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')))
const rowsOf = (width: number) => fc.array(fc.array(value, { minLength: width, maxLength: width }))

describe('ColumnarRows', () => {
  it('holds the rows it was made from', () => {
    fc.assert(
      fc.property(rowsOf(3), (rows) => {
        const columnar = ColumnarRows.from(rows, 3)
        expect(columnar.length).toBe(rows.length)
        expect([...columnar]).toEqual(rows)
      }),
    )
  })

  it('slices as an array does', () => {
    fc.assert(
      fc.property(rowsOf(2), fc.nat(12), fc.nat(12), (rows, start, end) => {
        const sliced = ColumnarRows.from(rows, 2).slice(start, end)
        expect([...sliced]).toEqual(rows.slice(start, end))
        expect(sliced.length).toBe(rows.slice(start, end).length)
      }),
    )
  })

  it('passes itself on', () => {
    const rows = ColumnarRows.from([['1']], 1)
    expect(ColumnarRows.from(rows, 1)).toBe(rows)
    expect(rows.slice(0, 1)).toBe(rows)
  })

  it('takes no rows as NULL literals, as array_agg gives them', () => {
    expect([...new ColumnarRows([null, null], 0)]).toEqual([])
    expect(new ColumnarRows([null], 0).columns).toEqual(['{}'])
  })

  it.each([
    ['a NUL', 'a\0b'],
    ['half a surrogate pair', 'a\ud800b'],
  ])('names the rows that hold %s', (_, bad) => {
    const encode = (): ColumnarRows => ColumnarRows.from([['fine'], [bad], ['🐘'], [bad]], 1)
    expect(encode).toThrow(DataError)
    expect(encode).toThrow(expect.objectContaining({ code: 'malformed-text', bad: [1, 3] }))
    expect(encode).not.toThrow(bad)
  })
})
