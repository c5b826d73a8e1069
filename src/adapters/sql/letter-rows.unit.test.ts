import { describe, expect, test } from 'vitest'
import type { DeadLetter } from '../../core/dead-letter.js'
import { letterRows, restoreHeaders, restorePayload } from './letter-rows.js'

const LETTER: DeadLetter = {
  flow: 'scans',
  lane: 'lane',
  stage: 'validate',
  code: 'schema-invalid',
  reason: 'no',
  payload: '{}',
  encoding: 'text',
  headers: {},
  origin: undefined,
  itemKey: '1',
  position: undefined,
  attempts: 1,
  held: false,
}

test('none is no row', () => {
  expect(letterRows([])).toEqual([])
})

test('letters of one item are one row, the last, with the attempts of all', () => {
  const [rows, ...more] = letterRows([
    { ...LETTER, attempts: 2 },
    { ...LETTER, flow: 'other' },
    { ...LETTER, reason: 'last', attempts: 3 },
  ])
  expect(more).toEqual([])
  const letters = rows?.map(({ letter: { flow, reason, attempts } }) => ({ flow, reason, attempts }))
  expect(letters).toHaveLength(2)
  expect(letters).toContainEqual({ flow: 'scans', reason: 'last', attempts: 5 })
  expect(letters).toContainEqual({ flow: 'other', reason: 'no', attempts: 1 })
})

test('all instances keep to one order, so that none waits for another in a circle', () => {
  const letters = Array.from({ length: 50 }, (_, at) => ({ ...LETTER, itemKey: `${at}` }))
  const keys = (given: readonly DeadLetter[]) =>
    letterRows(given).flatMap((rows) => rows.map(({ itemHash }) => itemHash))
  expect(keys([...letters].reverse())).toEqual(keys(letters))
})

describe('a statement', () => {
  test('takes a thousand letters', () => {
    const letters = Array.from({ length: 2_500 }, (_, at) => ({ ...LETTER, itemKey: `${at}` }))
    expect(letterRows(letters).map((rows) => rows.length)).toEqual([1_000, 1_000, 500])
  })

  test('takes 8 Mi characters of payload, or one letter', () => {
    const sizes = [9, 3, 3, 3].map((mega) => mega * 1024 * 1024)
    const letters = sizes.map((size, at) => ({ ...LETTER, itemKey: `${at}`, payload: 'x'.repeat(size) }))
    const chunks = letterRows(letters)
    expect(chunks.flat()).toHaveLength(4)
    for (const rows of chunks) {
      const characters = rows.reduce((sum, { payload }) => sum + payload.length, 0)
      expect(rows.length === 1 || characters <= 8 * 1024 * 1024).toBe(true)
    }
  })
})

test.each(['', 'plain', 'a\0b', '\ud800', '\u{1f600}', '"quoted"', '{"json":"\\u0000"}'])(
  'the payload %j comes back, and is kept without NUL and half pairs',
  (payload) => {
    const [[row] = []] = letterRows([{ ...LETTER, payload }])
    if (row === undefined) throw new Error('no row')
    expect(row.payload).not.toMatch(/\0|\p{Surrogate}/u)
    expect(restorePayload(row)).toEqual({ payload, encoding: 'text' })
  },
)

test('a payload that is too large is cut, and its reason says so', () => {
  const payload = 'x'.repeat(128 * 1024 * 1024 + 1)
  const [[row] = []] = letterRows([{ ...LETTER, payload }])
  expect(row?.payload.length).toBe(128 * 1024 * 1024)
  expect(row?.letter.reason).toBe('no (only the first 134217728 of 134217729 characters were kept)')
})

test('headers named like parts of an object come back as they are', () => {
  const json = '{"__proto__":"p","constructor":"c","":"e"}'
  expect(JSON.stringify(restoreHeaders(json))).toBe(json)
})
