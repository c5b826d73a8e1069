import { describe, expect, it } from 'vitest'
import type { TableSchema } from '../core/table.js'
import { rowEquality } from './tolerance.js'

const column = (name: string) => ({ name, type: 'numeric', nullable: true, hasDefault: false })
const schema: TableSchema = { name: 't', columns: [column('id'), column('price'), column('note')], key: ['id'] }

describe('a tolerance', () => {
  const same = rowEquality(schema, { price: 0.01 })

  it.each([
    ['1.10', '1.11', true],
    ['1.1', '1.1100000000000000001', false],
    ['-0.005', '0.005', true],
    ['-0.005', '0.0051', false],
    ['11e-1', '111e-2', true],
    ['1e300', '1e300', true],
    ['100000000000000000000.01', '100000000000000000000.02', true],
    ['NaN', 'NaN', true],
    ['NaN', '1', false],
    [null, '0', false],
    [null, null, true],
  ])('of 0.01: %s and %s', (left, right, expected) => {
    expect(same(['1', left, 'x'], ['1', right, 'x'])).toBe(expected)
  })

  it('is of its column only', () => {
    expect(same(['1', '1', '1'], ['1', '1', '1.001'])).toBe(false)
    expect(rowEquality(schema)(['1', '1', 'x'], ['1', '1.0', 'x'])).toBe(false)
  })
})
