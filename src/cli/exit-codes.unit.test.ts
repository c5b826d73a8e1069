import { expect, test } from 'vitest'
import { EXIT } from '../core/errors.js'
import { EXIT_CODES_HELP, worst } from './exit-codes.js'

test.each([
  [[], 0],
  [[0, 1, 0], 1],
  [[0, 3], 3],
  [[3, 2], 2],
  [[5, 2], 2],
  [[4, 5], 5],
  [[70, 2, 130], 70],
  [[130, 3], 3],
] as const)('the worst of %j is %i', (codes, code) => {
  expect(worst(codes)).toBe(code)
})

test('help names every exit code', () => {
  for (const code of Object.values(EXIT)) expect(EXIT_CODES_HELP).toMatch(new RegExp(`^ {2}${code} +\\S`, 'm'))
})
