import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPosition, type SavedLedger, together, writePosition } from './position.js'

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

const ledger = (floor: number, done: [number, number][], filenode = 'f'): SavedLedger => ({
  ...{ v: 1, identity: 'i', oid: 'o', filenode, floor, done },
})

test('what holds for several lanes is what each of them has saved, from the highest page on', () => {
  const one = ledger(10, [
    [11, 0],
    [12, 5],
    [13, 0],
    [20, 0],
  ])
  const other = ledger(15, [[20, 7]])
  const known: [number, number][] = [
    [11, 0],
    [12, 5],
    [13, 0],
    [20, 7],
  ]
  expect(together(one, other)).toEqual(ledger(10, known))
  expect(together(other, one)).toEqual(
    ledger(
      10,
      known.toSorted((a, b) => (a[0] === 20 ? -1 : b[0] === 20 ? 1 : a[0] - b[0])),
    ),
  )
  expect(together(one, ledger(11, []))).toEqual(ledger(10, []))
  expect(together(one)).toBe(one)
})

test('of several lanes that were read from two files of the table only what is whole holds', () => {
  expect(
    together(
      ledger(10, [
        [12, 5],
        [13, 0],
      ]),
      ledger(15, [], 'g'),
    ),
  ).toEqual(ledger(10, [[13, 0]]))
  expect(together({ ...ledger(10, []), letGo: 30 }, { ...ledger(10, []), letGo: 40 }, ledger(9, []))).toMatchObject({
    floor: 9,
    letGo: 40,
  })
})

test('any lane of several would have read again what all of them read again', () => {
  const entries = fc.uniqueArray(fc.tuple(fc.integer({ min: 5, max: 30 }), fc.nat(3)), { selector: ([xid]) => xid })
  const lanes = fc.array(fc.tuple(fc.integer({ min: 5, max: 30 }), entries), { minLength: 1, maxLength: 4 })
  const delivered = ({ floor, done }: SavedLedger, xid: number, page: number): boolean =>
    xid < floor || done.some(([known, from]) => known === xid && from <= page)
  fc.assert(
    fc.property(lanes, (given) => {
      const [first, ...others] = given.map(([floor, done]) =>
        ledger(
          floor,
          done.filter(([xid]) => xid >= floor),
        ),
      )
      if (first === undefined) return
      const all = together(first, ...others)
      for (let xid = 0; xid < 35; xid++)
        for (let page = 0; page < 5; page++)
          if (delivered(all, xid, page)) expect([first, ...others].every((one) => delivered(one, xid, page))).toBe(true)
    }),
  )
})
