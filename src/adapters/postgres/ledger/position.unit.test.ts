import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPosition, writePosition } from './position.js'

const saved = {
  identity: '7/1/5',
  oid: '16384',
  filenode: '16999',
  floor: 3 * 2 ** 32 + 9,
  done: [[3 * 2 ** 32 + 12, 0] as [number, number], [3 * 2 ** 32 + 13, 77] as [number, number]],
}

test('what is written is read again', () => {
  expect(readPosition(writePosition(saved))).toEqual({ v: 1, ...saved })
  expect(readPosition(undefined)).toBeUndefined()
})

const { floor: _, ...withoutFloor } = saved

test.each([
  ['no text', ''],
  ['no JSON', '{"v":1'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a later version', JSON.stringify({ ...saved, v: 2 })],
  ['no version', JSON.stringify(saved)],
  ['no floor', JSON.stringify({ v: 1, ...withoutFloor })],
  ['a floor that is text', JSON.stringify({ v: 1, ...saved, floor: '9' })],
  ['an entry without a page', JSON.stringify({ v: 1, ...saved, done: [[9]] })],
  ['a page that is null', JSON.stringify({ v: 1, ...saved, done: [[9, null]] })],
])('%s is no position', (_, text) => {
  expect(readPosition(text)).toBeUndefined()
})

test('nothing that anybody may have saved makes it throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(readPosition(text)).toBeUndefined()
    }),
  )
})
