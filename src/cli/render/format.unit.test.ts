import { expect, test } from 'vitest'
import { ago, cut, plural, span, sparkline, visible } from './format.js'

test.each([
  [0.42, '0.4 ms'],
  [12.4, '12 ms'],
  [1_234, '1.2 s'],
  [59_400, '59 s'],
  [185_000, '3 m 05 s'],
  [7_440_000, '2 h 04 m'],
  [442_800_000, '5 d 3 h'],
])('%d ms is %s', (ms, text) => {
  expect(span(ms)).toBe(text)
})

test('a span never reads as 1000 ms, 10.0 s or 60 s', () => {
  expect([span(999.6), span(9_960), span(59_960)]).toEqual(['1.0 s', '10 s', '1 m 00 s'])
})

test('ago', () => {
  expect([ago(-5), ago(300), ago(12_000)]).toEqual(['just now', 'just now', '12 s ago'])
})

test('plurals', () => {
  expect([plural(1, 'row'), plural(1n, 'row'), plural(0, 'row'), plural(1_000n, 'row')]).toEqual([
    '1 row',
    '1 row',
    '0 rows',
    '1,000 rows',
  ])
})

test('what nobody would see is shown, what people write stays', () => {
  expect(visible('a\u0000b\u001b[1m\u009b\u202ec\n\t\r')).toBe('a\\u{0}b\\u{1b}[1m\\u{9b}\\u{202e}c\\n\\t\\r')
  expect(visible('Zoë 日本 🙂')).toBe('Zoë 日本 🙂')
})

test('cut never splits a character', () => {
  expect(cut('🙂🙂🙂', 2)).toBe('🙂…')
  expect(cut('abc', 3)).toBe('abc')
  expect(cut('abc', 0)).toBe('')
})

test('sparkline', () => {
  expect(sparkline([0, 1, 2, 4, 8])).toBe('▁▂▃▅█')
  expect(sparkline([0, 0])).toBe('▁▁')
})
