import { expect, test } from 'vitest'
import { Wellness } from './wellness.js'

const health = (healthy: boolean) => ({ flow: 'f', type: 'health', subject: 'b', healthy, reason: undefined }) as const

test('it is unwell from the first red part until the last is green', () => {
  const wellness = new Wellness()
  const [one, other] = ['left', 'right'].map((part) => wellness.watching(part, () => {}))
  const before = wellness.unwell
  one?.(health(false))
  other?.(health(false))
  expect(before.aborted).toBe(true)
  one?.(health(true))
  expect(wellness.unwell.aborted).toBe(true)
  other?.(health(true))
  expect(wellness.unwell.aborted).toBe(false)
})
