import { expect, test } from 'vitest'
import { toJson } from './json.js'

test('numbers beyond 2^53 keep their digits', () => {
  expect(toJson({ rows: 9_007_199_254_740_993n, none: undefined })).toBe('{"rows":"9007199254740993"}')
})

test('what could drive a terminal or hide text is escaped, and is still the same JSON', () => {
  const text = 'a\u001b[2J\u009b2J\u007f\u202e\u2028\u{e0001}é☃\u{1f600}\n'
  const json = toJson({ [text]: text })
  expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u)
  expect(json).toContain('é☃\u{1f600}')
  expect(JSON.parse(json)).toEqual({ [text]: text })
})
