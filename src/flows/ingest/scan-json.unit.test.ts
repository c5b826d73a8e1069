import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeJson } from './decode-json.js'
import { hasManyDigits, scanJson } from './scan-json.js'

const scan = (text: string, depth = 64) => scanJson(Buffer.from(text), { depth, exactIntegers: true })
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

describe('the scan of JSON', () => {
  it('finds exactly what goes too deep, also beside brackets and quotes in strings', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const text = JSON.stringify(value).replace(/(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g, '1')
        const depth = depthOf(JSON.parse(text))
        expect(scan(text, depth)).toBeUndefined()
        if (depth > 0) expect(scan(text, depth - 1)).toMatchObject({ kind: 'deep' })
      }),
    )
  })

  it.each([
    ['9007199254740991', undefined],
    ['-9007199254740991', undefined],
    ['9007199254740992', 'integer'],
    ['[1,{"a":-9007199254740993}]', 'integer'],
    ['"9007199254740993"', undefined],
    ['{"9007199254740993":"\\"9007199254740993"}', undefined],
    ['0.1234567890123456789', undefined],
    ['1234567890123456789.5', undefined],
    ['12345678901234567890e3', undefined],
    ['1e+00000000000000000001', undefined],
  ])('of %s finds %s', (text, kind) => {
    expect(scan(text)?.kind).toBe(kind)
  })

  it('costs a bomb no more than its bytes', () => {
    const bomb = Buffer.alloc(10_000_000, '[')
    expect(scanJson(bomb, { depth: 64, exactIntegers: true })).toEqual({ kind: 'deep', at: 64 })
  })
})

describe('the look for many digits', () => {
  it('finds exactly the texts with 16 of them in a row, wherever they stand', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('1', '9', 'a'), maxLength: 80 }), fc.nat(40), (text, length) => {
        const body = text + '7'.repeat(length) + text
        expect(hasManyDigits(Buffer.from(body))).toBe(/\d{16}/.test(body))
      }),
    )
  })
})

describe('decodeJson', () => {
  const limits = { bodyBytes: 1_000, depth: 5, exactIntegers: true }

  it('gives what JSON.parse gives, also after a byte order mark and within a greater buffer', () => {
    const within = Buffer.from('xx{"a":"ü"}yy').subarray(2, -2)
    expect(decodeJson(within, limits)).toEqual({ a: 'ü' })
    expect(decodeJson(Buffer.from('\ufeff[1]'), limits)).toEqual([1])
  })

  it.each([
    [
      '{"secret": hunter2}',
      /^the body is not JSON: it breaks at character 11 of 19$|^the body is not JSON: it breaks$/,
    ],
    ['{"secret": "hunter2', /^the body is not JSON: (it ends too early|it breaks at character \d+ of 19)$/],
    [' ', /it is empty/],
  ])('says of %j where it breaks, and nothing of what it holds', (text, message) => {
    expect(() => decodeJson(Buffer.from(text), limits)).toThrow(message)
  })

  it('takes the nearest number for a large integer when told to, and still looks at the depth', () => {
    const nearest = { ...limits, exactIntegers: false }
    expect(decodeJson(Buffer.from('{"id": 12345678901234567890}'), nearest)).toEqual({ id: 12345678901234567000 })
    expect(() => decodeJson(Buffer.from('[[[[[[12345678901234567890]]]]]]'), nearest)).toThrow('deeper')
  })
})
