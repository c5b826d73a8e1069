import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseArrayLiteral } from '../rows/array-literal.js'
import { neverRepeats, type RandomColumn, randomColumn } from './random-column.js'

const column = (changes: Partial<RandomColumn>): RandomColumn => ({
  name: 'c',
  type: 'text',
  sqlType: 'text',
  modifier: -1,
  labels: [],
  nullable: false,
  array: false,
  domain: false,
  ...changes,
})

const values = (changes: Partial<RandomColumn>, rows = 1_000): (string | null)[] =>
  parseArrayLiteral(randomColumn(column(changes), rows))

describe('randomColumn', () => {
  it('makes as many values as rows', () => {
    const types = fc.constantFrom(
      'uuid',
      'text',
      'int4',
      'numeric',
      'jsonb',
      'bytea',
      'timestamptz',
      'varbit',
      'int4range',
    )
    fc.assert(
      fc.property(
        types,
        fc.integer({ min: 0, max: 200 }),
        fc.boolean(),
        fc.boolean(),
        (type, rows, nullable, array) => {
          // The literal of no element parses as one empty element.
          if (rows > 0) expect(values({ type, nullable, array }, rows)).toHaveLength(rows)
        },
      ),
    )
  })

  it('makes version 4 uuids, all different', () => {
    const made = values({ type: 'uuid' }, 10_000)
    expect(new Set(made).size).toBe(10_000)
    for (const uuid of made) expect(uuid).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
  })

  it('keeps text within its length, by characters', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (length) => {
        for (const text of values({ type: 'varchar', modifier: length + 4 }, 200)) {
          expect([...(text ?? '')].length).toBeLessThanOrEqual(length)
        }
      }),
    )
  })

  it('puts what is hard to quote into some texts', () => {
    const all = values({ type: 'text' }).join('')
    for (const hard of ['"', '\\', "'", '{', ',', '\n', '🙂']) expect(all).toContain(hard)
  })

  it('keeps numeric within precision and scale', () => {
    const shape = fc
      .tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: -1000, max: 1000 }))
      .map(([precision, scale]) => ({ precision, scale, modifier: ((precision << 16) | (scale & 0x7ff)) + 4 }))
    fc.assert(
      fc.property(shape, ({ precision, scale, modifier }) => {
        for (const value of values({ type: 'numeric', modifier }, 20)) {
          const [, digits = '', exponent] = /^-?(\d+)e(-?\d+)$/.exec(value ?? '') ?? []
          expect(digits.length).toBeGreaterThan(0)
          expect(digits.length).toBeLessThanOrEqual(precision)
          expect(Number(exponent) + scale).toBe(0)
        }
      }),
    )
  })

  it('makes some values NULL where they may be, and none where they may not', () => {
    const nulls = (nullable: boolean): number => values({ nullable }).filter((value) => value === null).length
    expect(nulls(true)).toBe(100)
    expect(nulls(false)).toBe(0)
  })

  it('makes nothing but NULL for a type it does not know', () => {
    expect(new Set(values({ type: 'mystery', nullable: true }))).toEqual(new Set([null]))
  })

  it('uses the labels of an enum, as they are', () => {
    const labels = ['sad', 'very "happy", {really}', 'NULL', '', 'back\\slash']
    expect(new Set(values({ type: 'mood', labels }))).toEqual(new Set(labels))
  })

  it('makes arrays of none to three elements that parse again', () => {
    const arrays = values({ type: 'text', array: true }).map((literal) =>
      literal === '{}' || literal === null ? [] : parseArrayLiteral(literal),
    )
    expect(new Set(arrays.map(({ length }) => length))).toEqual(new Set([0, 1, 2, 3]))
    expect(arrays.flat()).toContain(null)
  })
})

describe('neverRepeats', () => {
  it.each([
    [{ type: 'uuid' }, true],
    [{ type: 'text' }, true],
    [{ type: 'varchar', modifier: 20 }, true],
    [{ type: 'varchar', modifier: 12 }, false],
    [{ type: 'int8' }, true],
    [{ type: 'int4' }, false],
    [{ type: 'bool' }, false],
    [{ type: 'mood', labels: ['a', 'b'] }, false],
    [{ type: 'uuid', array: true }, false],
  ])('%j: %s', (changes, expected) => {
    expect(neverRepeats(column(changes))).toBe(expected)
  })
})
