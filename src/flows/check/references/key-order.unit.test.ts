import { describe, expect, test } from 'vitest'
import { addDecimals, compareDecimals, plainDecimal } from './decimal.js'
import { canonicalKey, comparatorOf } from './key-order.js'

describe('the order of keys', () => {
  test('of numbers is by value, at any size and sign', () => {
    const keys = [
      '18446744073709551615',
      '9',
      '10',
      '-10',
      '-9',
      '0',
      '9007199254740993',
      '9007199254740992',
      '1.5',
      '1.25',
    ]
    expect(keys.toSorted(comparatorOf('number'))).toEqual([
      '-10',
      '-9',
      '0',
      '1.25',
      '1.5',
      '9',
      '10',
      '9007199254740992',
      '9007199254740993',
      '18446744073709551615',
    ])
  })

  test('of texts is that of their bytes in UTF-8', () => {
    const keys = ['😀', '\uFFFD', 'é', 'z', 'Z', '', 'z ', '\u{10FFFF}', 'za']
    const byBytes = keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    expect(keys.toSorted(comparatorOf('text'))).toEqual(byBytes)
  })
})

test('a key of the config is written as groups are', () => {
  expect(canonicalKey(0, 'number')).toBe('0')
  expect(canonicalKey('1.50', 'number')).toBe('1.5')
  expect(canonicalKey('none', 'number')).toBeUndefined()
  expect(canonicalKey('00000000-0000-0000-0000-00000000000A', 'uuid')).toBe('00000000-0000-0000-0000-00000000000a')
  expect(canonicalKey('0g', 'bytes')).toBeUndefined()
})

test('decimals are added and compared exactly', () => {
  expect(addDecimals('0.1', '0.2')).toBe('0.3')
  expect(addDecimals('99999999999999999999', '0.01')).toBe('99999999999999999999.01')
  expect(addDecimals('-0.50', '0.5')).toBe('0')
  expect(addDecimals('-1.05', '1')).toBe('-0.05')
  expect(compareDecimals('1.50', '1.5')).toBe(0)
  expect(compareDecimals('-2', '-10')).toBeGreaterThan(0)
  expect(plainDecimal('007.10')).toBe('7.1')
})
