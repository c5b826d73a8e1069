import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fullXid, parseSnapshot, shortXid } from './snapshot.js'

const EPOCH = 2 ** 32

test.each([
  ['10:20:10,14,15', 10, 20],
  ['20:20:', 20, 20],
  ['12884901880:12884901890:12884901880', 12_884_901_880, 12_884_901_890],
])('reads %s', (text, xmin, xmax) => {
  expect(parseSnapshot(text)).toEqual({ text, xmin, xmax })
})

test.each([
  [3, 3],
  [EPOCH - 1, EPOCH - 1],
  [EPOCH + 3, 3],
  [7 * EPOCH + 12, 12],
  [2 ** 52 + 5, 5],
])('%d has the low 32 bits %d', (full, short) => {
  expect(shortXid(full)).toBe(short)
})

test.each([
  // [32 bits, bound, full id]
  [100, 100, 100],
  [100, EPOCH + 100, EPOCH + 100],
  // One more than the bound's: it is of the time before the ids started over.
  [101, EPOCH + 100, 101],
  [EPOCH - 1, EPOCH + 3, EPOCH - 1],
  [EPOCH - 1, 2 * EPOCH - 1, 2 * EPOCH - 1],
  [3, 2 * EPOCH + 3, 2 * EPOCH + 3],
  [4, 2 * EPOCH + 3, EPOCH + 4],
])('32 bits %d below %d are %d', (short, atMost, full) => {
  expect(fullXid(short, atMost)).toBe(full)
})

test('an id at most 2^32 old comes back from its 32 bits', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 52 }), fc.nat({ max: EPOCH - 1 }), (base, age) => {
      const atMost = base + EPOCH
      expect(fullXid(shortXid(atMost - age), atMost)).toBe(atMost - age)
    }),
  )
})

test('ids around a bound that is 2^31 ahead of a snapshot come back, older and younger ones', () => {
  for (const xmax of [EPOCH - 5, EPOCH, EPOCH + 5, 3 * EPOCH])
    for (const xid of [xmax - 2 ** 31 + 1, xmax - 1, xmax, xmax + 10, xmax + 2 ** 31])
      expect(fullXid(shortXid(xid), xmax + 2 ** 31)).toBe(xid)
})
