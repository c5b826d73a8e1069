import { describe, expect, it } from 'vitest'
import { binaryArray, binaryElements } from './binary-array.js'
import type { UpsertColumn } from './upsert-column.js'
import type { BinaryKind } from './value-text.js'

function elementsOf(binary: BinaryKind, values: readonly unknown[], key = false) {
  const column = { binary, property: 'value', key } as Partial<UpsertColumn> as UpsertColumn
  const rows = values.map((value) => ({ value }))
  return binaryElements(column, { rows, items: rows.map((_, at) => at), columns: ['value'] })
}

const MOMENT = new Date('2026-01-02T03:04:05.678Z')

describe('a column goes as binary', () => {
  it('when it holds whole numbers of 32 bits, or dates, and where it is no key also nulls', () => {
    expect(elementsOf('int4', [1, -2_147_483_648, 2_147_483_647])).toEqual([1, -2_147_483_648, 2_147_483_647])
    expect(elementsOf('timestamptz', [MOMENT, null, undefined])).toEqual([MOMENT.getTime(), null, null])
  })

  it.each<[string, BinaryKind, unknown]>([
    ['a fraction', 'int4', 0.5],
    ['a number that is too large', 'int4', 2_147_483_648],
    ['no number', 'int4', Number.NaN],
    ['a number as text', 'int4', '1'],
    ['an invalid date', 'timestamp', new Date(Number.NaN)],
    ['a date whose microseconds are not exact as a double', 'timestamp', new Date('2300-01-01')],
    ['a date as text', 'timestamptz', '2026-01-02'],
  ])('but not with %s in it, as the text says what is meant', (_name, kind, value) => {
    expect(elementsOf(kind, [kind === 'int4' ? 1 : MOMENT, value])).toBeUndefined()
  })

  it('nor with a null in a key, which is to be refused', () => {
    expect(elementsOf('int4', [1, null], true)).toBeUndefined()
  })
})

describe('the binary array', () => {
  it('has dimensions, type and length, and then each value with its length', () => {
    const bytes = binaryArray('int4', [-2, null])
    expect([...Array(8).keys()].map((at) => bytes.readInt32BE(at * 4))).toEqual([1, 1, 23, 2, 1, 4, -2, -1])
    expect(bytes).toHaveLength(32)
  })

  it.each(['2026-01-02T03:04:05.678Z', '1999-12-31T23:59:59.999Z', '1716-01-01T00:00:00.001Z'])(
    'counts microseconds from 2000 on: %s',
    (text) => {
      const ms = Date.parse(text)
      const bytes = binaryArray('timestamptz', [ms])
      expect(bytes.readInt32BE(8)).toBe(1184)
      expect(bytes.readBigInt64BE(24)).toBe(BigInt(ms - Date.UTC(2000)) * 1_000n)
    },
  )

  it('of nothing has no dimension', () => {
    expect(binaryArray('int4', [])).toEqual(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23]))
  })
})
