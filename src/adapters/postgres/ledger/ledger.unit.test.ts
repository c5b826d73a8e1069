import { expect, test } from 'vitest'
import { Ledger, type Poll } from './ledger.js'
import { parseSnapshot } from './snapshot.js'

const nothing: ReadonlySet<number> = new Set()

function poll(xmin: number, change: Partial<Poll> = {}): Poll {
  const snapshot = parseSnapshot(`${xmin}:${xmin}:`)
  return { snapshot, pages: 10, filenode: 'a', toastBytes: 0, written: 100n, flushed: 100n, ...change }
}

function ledger(): Ledger {
  return new Ledger({ floor: 50, filenode: 'a', done: [] })
}

/** One poll learns that it has ended, the next that its end is on disk. */
function makeDurable(of: Ledger, xmin = 100): void {
  of.settle(poll(xmin))
  of.settle(poll(xmin))
}

function entries(of: Ledger): (readonly [number, number])[] {
  const { xids, pages } = of.exclusions()
  return xids.map((xid, index) => [xid, pages[index] ?? -1])
}

test('excludes what was added, from its page on', () => {
  const one = ledger()
  one.add(60, 7)
  one.add(61, 0)
  expect(one.exclusions()).toEqual({ xids: [60, 61], pages: [7, 0] })
  expect(one.size).toBe(2)
})

test('the lowest page counts, whatever the order', () => {
  const one = ledger()
  one.add(60, 7)
  one.add(60, 9)
  expect(entries(one)).toEqual([[60, 7]])
  one.add(60, 2)
  expect(entries(one)).toEqual([[60, 2]])
})

test('a transaction below the floor needs no entry', () => {
  const one = ledger()
  one.add(49, 0)
  expect(one.size).toBe(0)
})

test('only what is delivered from the first page on is whole', () => {
  const one = ledger()
  one.add(60, 0)
  one.add(61, 1)
  expect([one.hasWhole(60), one.hasWhole(61), one.hasWhole(62)]).toEqual([true, false, false])
})

test('takes back what was never written', () => {
  const one = ledger()
  one.add(60, 0)
  one.remove(60)
  expect(one.exclusions().xids).toEqual([])
  expect(one.tailExclusions(0).xids).toEqual([])
})

test('the floor rises, drops what lies below it, and never falls back by raising', () => {
  const one = ledger()
  one.add(60, 1)
  one.add(70, 1)
  one.raise(65, 100n)
  expect(one.floor).toBe(65)
  expect(entries(one)).toEqual([[70, 1]])
  one.raise(60, 100n)
  expect(one.floor).toBe(65)
})

test('an entry is safe to save once its end is on disk, and not before', () => {
  const one = ledger()
  one.add(60, 3)
  const saved = (): unknown => one.state(nothing).done
  one.settle(poll(60, { written: 120n, flushed: 500n }))
  expect(saved()).toEqual([])
  one.settle(poll(61, { written: 120n, flushed: 110n }))
  expect(saved()).toEqual([])
  one.settle(poll(61, { written: 130n, flushed: 119n }))
  expect(saved()).toEqual([])
  one.settle(poll(61, { written: 130n, flushed: 120n }))
  expect(saved()).toEqual([[60, 3]])
})

test('an entry whose page went down waits for the disk again', () => {
  const one = ledger()
  one.add(60, 3)
  makeDurable(one)
  one.add(60, 1)
  expect(one.state(nothing).done).toEqual([])
  makeDurable(one)
  expect(one.state(nothing).done).toEqual([[60, 1]])
})

test('what is pending is not saved', () => {
  const one = ledger()
  one.add(60, 3)
  one.add(61, 3)
  makeDurable(one)
  expect(one.state(new Set([60])).done).toEqual([[61, 3]])
})

test('a floor is saved only when it is on disk', () => {
  const one = ledger()
  one.raise(80, 150n)
  one.settle(poll(80, { flushed: 149n }))
  expect(one.state(nothing).floor).toBe(50)
  one.settle(poll(80, { flushed: 150n }))
  expect(one.state(nothing)).toEqual({ floor: 80, filenode: 'a', done: [] })
})

test('forgets what a crash may undo: entries and floor', () => {
  const one = ledger()
  one.add(60, 0)
  makeDurable(one)
  one.raise(55, 100n)
  one.settle(poll(62))
  one.add(61, 0)
  one.raise(58, 900n)
  one.forgetVolatile()
  expect(entries(one)).toEqual([[60, 0]])
  expect(one.floor).toBe(55)
  // The stamp was of the log that the crash cut off.
  one.settle(poll(62, { flushed: 1_000n }))
  expect(one.state(nothing).floor).toBe(55)
})

test('an id that was announced before its transaction ended is volatile until then', () => {
  const one = ledger()
  one.add(60, 0)
  for (let times = 0; times < 3; times++) one.settle(poll(60))
  one.forgetVolatile()
  expect(one.size).toBe(0)
})

test('after a rewrite of the table only what was delivered whole stays', () => {
  const one = ledger()
  one.add(60, 0)
  one.add(61, 4)
  makeDurable(one)
  one.settle(poll(100, { filenode: 'b' }))
  expect(entries(one)).toEqual([[60, 0]])
  expect(one.filenode).toBe('b')
  expect(one.state(nothing)).toEqual({ floor: 50, filenode: 'b', done: [[60, 0]] })
})

test('rows that were rewritten may lie anywhere: they are in the tail again', () => {
  const one = ledger()
  one.add(60, 0)
  makeDurable(one)
  expect(one.tailExclusions(10).xids).toEqual([])
  one.settle(poll(100, { filenode: 'b' }))
  expect(one.tailExclusions(10).xids).toEqual([60])
})

test('a read of the tail leaves out only those that may have rows there', () => {
  const one = ledger()
  one.add(60, 0)
  one.add(61, 0)
  one.settle(poll(61, { pages: 10 }))
  expect(one.tailExclusions(9).xids).toEqual([60, 61])
  expect(one.tailExclusions(10).xids).toEqual([61])
  expect(one.exclusions().xids).toEqual([60, 61])
})

test('a tail that moved back has all of them again', () => {
  const one = ledger()
  one.add(60, 0)
  one.settle(poll(61, { pages: 10 }))
  one.tailExclusions(10)
  one.resetTail()
  expect(one.tailExclusions(3).xids).toEqual([60])
})

test('goes on from what was saved, which a crash does not touch', () => {
  const one = new Ledger({ floor: 50, filenode: 'a', done: [[60, 2]] })
  one.forgetVolatile()
  expect(one.floor).toBe(50)
  expect(entries(one)).toEqual([[60, 2]])
  expect(one.tailExclusions(0).xids).toEqual([60])
})

test('a beginning is nothing to go on from until it is on disk', () => {
  const early = Ledger.from(70, poll(70, { written: 100n, flushed: 99n }))
  expect(early.floor).toBe(70)
  early.forgetVolatile()
  expect(early.floor).toBe(0)
  const late = Ledger.from(70, poll(70, { written: 100n, flushed: 99n }))
  late.settle(poll(70, { flushed: 100n }))
  late.forgetVolatile()
  expect(late.floor).toBe(70)
})

test('notices a server that was set back', () => {
  const one = new Ledger({ floor: 50, filenode: 'a', done: [[60, 2]] })
  expect(one.isAheadOf(61)).toBe(false)
  expect(one.isAheadOf(60)).toBe(true)
  expect(one.isAheadOf(49)).toBe(true)
  one.remove(60)
  expect(one.isAheadOf(50)).toBe(false)
  // Announced and not yet ended: no snapshot has it.
  one.add(90, 0)
  expect(one.isAheadOf(80)).toBe(false)
})
