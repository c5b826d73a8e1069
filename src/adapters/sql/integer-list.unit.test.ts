import { expect, test } from 'vitest'
import { asIntegers, parseIntegerList } from './integer-list.js'

test('reads integers, also from within a text', () => {
  expect(parseIntegerList('12,-3,0', { count: 3 })).toEqual(new Float64Array([12, -3, 0]))
  expect(parseIntegerList('{999999999999999,7}', { at: 1, end: 18, count: 2 })).toEqual(
    new Float64Array([999_999_999_999_999, 7]),
  )
})

test.each(['1,NULL', '1,2.5', '1', '1,2,3', '1,', '1,1234567890123456', '1,"2"', '1,-'])(
  'leaves alone what is not just that: %s',
  (text) => {
    expect(parseIntegerList(text, { count: 2 })).toBeUndefined()
  },
)

test('turns texts into numbers only when all are integers that a number holds', () => {
  expect(asIntegers(['1', '-2'])).toEqual(new Float64Array([1, -2]))
  expect(asIntegers(['1', null])).toEqual(['1', null])
  expect(asIntegers(['1', '18446744073709551615'])).toEqual(['1', '18446744073709551615'])
})
