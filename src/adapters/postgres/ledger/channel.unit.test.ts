import { expect, test } from 'vitest'
import { Channel } from './channel.js'

test('values come in the order in which they were put, also those of several putters', async () => {
  const channel = new Channel<number>()
  const putting = Promise.all([channel.put(1), channel.put(2), channel.put(3)]).then(() => channel.end())
  const got: number[] = []
  for await (const value of channel.values()) got.push(value)
  expect(got).toEqual([1, 2, 3])
  await putting
})

test('put resolves when the value is taken, not before', async () => {
  const channel = new Channel<string>()
  const log: string[] = []
  const put = channel.put('a').then(() => log.push('put'))
  await Promise.resolve()
  expect(log).toEqual([])
  const values = channel.values()
  expect(await values.next()).toEqual({ done: false, value: 'a' })
  await put
  expect(log).toEqual(['put'])
  await values.return(undefined)
})

test('a reader that waits gets the next value', async () => {
  const channel = new Channel<number>()
  const values = channel.values()
  const next = values.next()
  await channel.put(5)
  expect(await next).toEqual({ done: false, value: 5 })
  channel.end()
  expect(await values.next()).toEqual({ done: true, value: undefined })
})

test('what was put before the end is still given out, then the error', async () => {
  const channel = new Channel<number>()
  const put = channel.put(1)
  channel.end(new Error('first'))
  channel.end(new Error('second'))
  const values = channel.values()
  expect(await values.next()).toEqual({ done: false, value: 1 })
  await put
  await expect(values.next()).rejects.toThrow('first')
})

test('after the end, and after the reader left, putters do not wait', async () => {
  const ended = new Channel<number>()
  ended.end()
  await ended.put(1)
  const left = new Channel<number>()
  const values = left.values()
  const first = left.put(1)
  const second = left.put(2)
  await values.next()
  await values.return(undefined)
  await Promise.all([first, second, left.put(3)])
  expect(await values.next()).toEqual({ done: true, value: undefined })
})
