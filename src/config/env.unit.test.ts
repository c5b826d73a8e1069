import { afterEach, expect, test, vi } from 'vitest'
import { env } from './env.js'

afterEach(() => vi.unstubAllEnvs())

test('gives the variable', () => {
  vi.stubEnv('LOCKSTEP_TEST_URL', 'postgres://localhost/a')
  expect(env('LOCKSTEP_TEST_URL', 'fallback')).toBe('postgres://localhost/a')
})

test('gives the fallback when it is unset or empty, also an empty fallback', () => {
  vi.stubEnv('LOCKSTEP_TEST_EMPTY', '')
  expect(env('LOCKSTEP_TEST_UNSET', 'fallback')).toBe('fallback')
  expect(env('LOCKSTEP_TEST_EMPTY', 'fallback')).toBe('fallback')
  expect(env('LOCKSTEP_TEST_UNSET', '')).toBe('')
})

test('a missing one is an error that names it and the cure', () => {
  vi.stubEnv('LOCKSTEP_TEST_EMPTY', '')
  expect(() => env('LOCKSTEP_TEST_UNSET')).toThrowErrorMatchingInlineSnapshot(`
    [ConfigError: env.LOCKSTEP_TEST_UNSET: the environment variable LOCKSTEP_TEST_UNSET is not set
      fix: set LOCKSTEP_TEST_UNSET in the environment, or add a line LOCKSTEP_TEST_UNSET=... to the file .env beside the config]
  `)
  expect(() => env('LOCKSTEP_TEST_EMPTY')).toThrowErrorMatchingInlineSnapshot(`
    [ConfigError: env.LOCKSTEP_TEST_EMPTY: the environment variable LOCKSTEP_TEST_EMPTY is empty
      fix: set LOCKSTEP_TEST_EMPTY in the environment, or add a line LOCKSTEP_TEST_EMPTY=... to the file .env beside the config]
  `)
})

test('gives a number, or the fallback', () => {
  vi.stubEnv('LOCKSTEP_TEST_LANES', ' 8 ')
  vi.stubEnv('LOCKSTEP_TEST_SHARE', '0.25')
  vi.stubEnv('LOCKSTEP_TEST_EMPTY', '')
  expect(env.number('LOCKSTEP_TEST_LANES', 4)).toBe(8)
  expect(env.number('LOCKSTEP_TEST_SHARE')).toBe(0.25)
  expect(env.number('LOCKSTEP_TEST_EMPTY', 4)).toBe(4)
  expect(env.number('LOCKSTEP_TEST_UNSET', 0)).toBe(0)
})

test('what is no number is an error that names the variable and not what it holds', () => {
  for (const value of ['hunter2', ' ', '8 MiB', 'Infinity', 'NaN']) {
    vi.stubEnv('LOCKSTEP_TEST_LANES', value)
    expect(() => env.number('LOCKSTEP_TEST_LANES', 4)).toThrow(expect.objectContaining({ code: 'env-number' }))
  }
  vi.stubEnv('LOCKSTEP_TEST_LANES', 'hunter2')
  expect(() => env.number('LOCKSTEP_TEST_LANES', 4)).toThrow(/^(?!.*hunter2)env\.LOCKSTEP_TEST_LANES: /)
  expect(() => env.number('LOCKSTEP_TEST_UNSET')).toThrow('is not set')
})
