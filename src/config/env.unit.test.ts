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
