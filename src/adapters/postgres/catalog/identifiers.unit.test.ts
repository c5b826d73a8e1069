import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identifierProblem, parseTableName, quoteIdentifier, quoteQualified } from './identifiers.js'

const name = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.constantFrom(
      'select',
      'user',
      '__proto__',
      'constructor',
      '"',
      '""',
      'a"b',
      "a'b",
      'a.b',
      ';--',
      '$1',
      'é',
      '🐘',
      ' ',
    ),
  )
  .filter((text) => identifierProblem(text) === undefined)

describe('quoteIdentifier', () => {
  it('never lets a name end its quotes', () => {
    fc.assert(
      fc.property(name, (text) => {
        const quoted = quoteIdentifier(text)
        expect(quoted.startsWith('"') && quoted.endsWith('"')).toBe(true)
        // Inside, quotes come in pairs only.
        expect(quoted.slice(1, -1).replaceAll('""', '')).not.toContain('"')
        expect(quoted.slice(1, -1).replaceAll('""', '"')).toBe(text)
      }),
    )
  })

  it.each([
    ['empty', ''],
    ['with a NUL', 'a\0b'],
    ['of 64 bytes', 'a'.repeat(64)],
    ['of 64 bytes in 32 letters', 'é'.repeat(32)],
  ])('refuses a name %s', (_, text) => {
    expect(() => quoteIdentifier(text)).toThrow(RangeError)
  })

  it('takes 63 bytes', () => {
    expect(quoteIdentifier('a'.repeat(63))).toHaveLength(65)
  })
})

describe('parseTableName', () => {
  it.each([
    ['records', { schema: undefined, table: 'records' }],
    ['Records', { schema: undefined, table: 'Records' }],
    ['public.records', { schema: 'public', table: 'records' }],
    ['"odd.schema"."a ""b"""', { schema: 'odd.schema', table: 'a "b"' }],
    ['public."a.b"', { schema: 'public', table: 'a.b' }],
    ['__proto__', { schema: undefined, table: '__proto__' }],
  ])('reads %s', (text, parsed) => {
    expect(parseTableName(text)).toEqual(parsed)
  })

  it.each(['', '.', 'a.', '.a', 'a.b.c', '"', '"a', 'a"b', 'a\0', `"${'x'.repeat(64)}"`])('refuses %j', (text) => {
    expect(parseTableName(text)).toBeUndefined()
  })

  it('reads back any quoted name', () => {
    fc.assert(
      fc.property(name, name, (schema, table) => {
        expect(parseTableName(quoteQualified(schema, table))).toEqual({ schema, table })
      }),
    )
  })
})
