import { expect, test } from 'vitest'
import { ColumnarRows } from '../rows/columnar.js'
import { Deliveries } from './deliveries.js'

const running = new AbortController().signal
const rows = new ColumnarRows(['{1,2,3}'], 3)
const about = { xids: [7, 8], unseenAt: undefined }

/** Whether it resolves without anything else happening. */
async function resolves(promise: Promise<unknown>): Promise<boolean> {
  const resolved = promise.then(() => true)
  const later = new Promise<false>((resolve) => {
    setImmediate(() => resolve(false))
  })
  return Promise.race([resolved, later])
}

test('a batch carries lane, rows and since when they could be seen, and moves no position', () => {
  const deliveries = new Deliveries()
  const batch = deliveries.batch('tail', rows, { xids: [7], unseenAt: 5 })
  expect(batch).toEqual({ lane: 'tail', position: undefined, items: rows, unseenAt: 5 })
  expect('unseenAt' in deliveries.batch('tail', rows, about)).toBe(false)
})

test('a batch is pending until it is acknowledged; its transactions then count', () => {
  const deliveries = new Deliveries()
  const batch = deliveries.batch('tail', rows, about)
  expect(deliveries.pendingXids()).toEqual(new Set([7, 8]))
  expect(deliveries.newest).toBe(0)
  deliveries.acknowledge(batch)
  deliveries.acknowledge(batch)
  expect(deliveries.pendingXids()).toEqual(new Set())
  expect(deliveries.newest).toBe(8)
})

test('a position has no rows and is never pending', async () => {
  const deliveries = new Deliveries()
  const batch = deliveries.position('sweep', 'here')
  expect(batch).toEqual({ lane: 'sweep', position: 'here', items: [] })
  expect(await resolves(deliveries.settled(running))).toBe(true)
  deliveries.acknowledge(batch)
  expect(deliveries.newest).toBe(0)
})

test('a transaction is pending as long as one batch with rows of it is', () => {
  const deliveries = new Deliveries()
  const first = deliveries.batch('tail', rows, { xids: [7], unseenAt: undefined })
  const second = deliveries.batch('sweep', rows, about)
  deliveries.acknowledge(second)
  expect(deliveries.pendingXids()).toEqual(new Set([7]))
  deliveries.acknowledge(first)
  expect(deliveries.pendingXids().size).toBe(0)
})

test('a lane has room for two batches; the other lane does not count', async () => {
  const deliveries = new Deliveries()
  const first = deliveries.batch('tail', rows, about)
  expect(await resolves(deliveries.room('tail', running))).toBe(true)
  deliveries.batch('tail', rows, about)
  const waiting = deliveries.room('tail', running)
  expect(await resolves(waiting)).toBe(false)
  expect(await resolves(deliveries.room('sweep', running))).toBe(true)
  deliveries.acknowledge(first)
  expect(await resolves(waiting)).toBe(true)
})

test('settled is what was pending at the time of the call, and nothing later', async () => {
  const deliveries = new Deliveries()
  const first = deliveries.batch('tail', rows, about)
  const second = deliveries.batch('sweep', rows, about)
  const settled = deliveries.settled(running)
  deliveries.batch('tail', rows, about)
  deliveries.acknowledge(first)
  expect(await resolves(settled)).toBe(false)
  deliveries.acknowledge(second)
  expect(await resolves(settled)).toBe(true)
})

test('an abort ends both waits', async () => {
  const deliveries = new Deliveries()
  deliveries.batch('tail', rows, about)
  deliveries.batch('tail', rows, about)
  const stop = new AbortController()
  const waits = Promise.all([deliveries.room('tail', stop.signal), deliveries.settled(stop.signal)])
  expect(await resolves(waits)).toBe(false)
  stop.abort()
  expect(await resolves(waits)).toBe(true)
})

test('what is abandoned is named, and a late acknowledgement of it means nothing', async () => {
  const deliveries = new Deliveries()
  const batch = deliveries.batch('tail', rows, about)
  const settled = deliveries.settled(running)
  expect(deliveries.abandon()).toEqual(new Set([7, 8]))
  expect(await resolves(settled)).toBe(true)
  deliveries.acknowledge(batch)
  expect(deliveries.newest).toBe(0)
  expect(deliveries.abandon()).toEqual(new Set())
})
