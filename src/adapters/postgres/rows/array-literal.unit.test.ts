import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatArrayLiteral, parseArrayLiteral } from './array-literal.js'

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', ',', ' ', '\n', 'N', 'U', 'L', 'é', '🐘') }),
  fc.constantFrom('', 'NULL', 'null', '{}', '{a,b}', '[0:1]={1,2}'),
)

describe('array literals', () => {
  it('read what PostgreSQL prints', () => {
    expect(parseArrayLiteral('{}')).toEqual([])
    expect(parseArrayLiteral('{1,NULL,-3}')).toEqual(['1', null, '-3'])
    expect(parseArrayLiteral(String.raw`{"",a,"NULL","a \"b\" \\c","{1,2}"}`)).toEqual([
      '',
      'a',
      'NULL',
      'a "b" \\c',
      '{1,2}',
    ])
    expect(parseArrayLiteral('[0:1]={a,b}')).toEqual(['a', 'b'])
  })

  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.option(text)), (elements) => {
        expect(parseArrayLiteral(formatArrayLiteral(elements))).toEqual(elements)
      }),
    )
  })

  it('refuse nesting, which has no element per row', () => {
    expect(() => parseArrayLiteral('{{1,2},{3,4}}')).toThrow(TypeError)
    expect(() => parseArrayLiteral('{"a')).toThrow(TypeError)
  })

  it('are read in one pass', () => {
    // Quadratic reading takes minutes for this.
    const elements = Array.from({ length: 300_000 }, (_, index) => `row ${index}`)
    expect(parseArrayLiteral(formatArrayLiteral(elements))).toHaveLength(300_000)
  })
})
