import { DataError, ingest, UnavailableError } from 'lockstep'
import { type MemoryMessage, memoryStream } from 'lockstep/memory'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { messageOf } from '../../src/flows/ingest/letter.js'
import { ofType, Quote, running, runToEnd, subject } from './ingest-subject.js'

const SECRET = 'hunter2'
const good = (count: number) =>
  Array.from({ length: count }, (_, at): MemoryMessage => ({ json: { id: `good ${at}`, version: 1 } }))

/** The letters of one message among good ones. */
async function letterOf(message: MemoryMessage, options: object = {}) {
  const { database, quotes } = subject()
  const from = memoryStream()
  from.append(...good(3), message, ...good(2))
  from.end()
  await runToEnd(ingest({ from, into: quotes, schema: Quote, map: (quote) => quote, ...options }))
  expect(from.acknowledged()).toBe(6)
  expect(database.rows('quotes')).toHaveLength(3)
  const [letter, ...others] = database.state.deadLetters.letters
  expect(others).toEqual([])
  if (letter === undefined) throw new Error('no letter')
  expect(JSON.stringify([letter.code, letter.reason])).not.toContain(SECRET)
  return letter
}

describe('a message that cannot be decoded', () => {
  it.each([
    ['is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'invalid-utf8', 'base64'],
    ['is broken JSON', `{"a":"${SECRET}",}`, 'invalid-json', 'text'],
    ['ends too early', `{"a":"${SECRET}`, 'invalid-json', 'text'],
    ['is empty', '', 'invalid-json', 'text'],
    ['has a NUL', `${SECRET}\0`, 'invalid-json', 'base64'],
    ['is too large', JSON.stringify(SECRET.repeat(20)), 'body-too-large', 'text'],
    ['is too deep', '['.repeat(6), 'too-deep', 'text'],
    ['holds an integer that JavaScript does not', '{"a":9007199254740993}', 'unsafe-integer', 'text'],
  ])('because it %s is kept as it was', async (_, body, code, encoding) => {
    const letter = await letterOf({ id: 'x', body }, { limits: { bodyBytes: 100, depth: 5 } })
    expect(letter).toMatchObject({ stage: 'decode', code, encoding, itemKey: 'x', held: false, attempts: 1 })
    expect(Buffer.from(messageOf(letter).body)).toEqual(Buffer.from(body))
  })

  it('keeps nothing of what a decode threw but its name and place', async () => {
    const decode = (body: Uint8Array) => {
      const text = Buffer.from(body).toString()
      if (text === SECRET) throw new RangeError(text)
      return JSON.parse(text)
    }
    const letter = await letterOf({ body: SECRET }, { decode })
    expect(letter).toMatchObject({ stage: 'decode', code: 'decode-failed' })
    expect(letter.reason).toMatch(/^decode threw RangeError \(ingest-faults\.unit\.test\.ts:\d+:\d+\)$/)
  })

  it('is no way to the prototype of objects', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append({ body: '{"__proto__":{"polluted":true},"id":"a","version":1}' })
    from.end()
    const seen: unknown[] = []
    await runToEnd(
      ingest({
        from,
        into: quotes,
        map: (value) => {
          seen.push(value)
          return { id: 'a' }
        },
      }),
    )
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    const [value] = seen
    expect(typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')).toBe(true)
    expect(Reflect.get(Object(value), 'polluted')).toBeUndefined()
    expect(database.rows('quotes')).toEqual([{ id: 'a' }])
  })
})

describe('a message that its schema refuses', () => {
  it.each([
    ['zod', z.object({ id: z.string(), version: z.number(), tag: z.enum(['x', 'y']).optional() })],
    ['valibot', v.object({ id: v.string(), version: v.number(), tag: v.optional(v.picklist(['x', 'y'])) })],
  ])('with %s, names the path and what was expected', async (_, schema) => {
    const letter = await letterOf({ json: { id: 7, version: SECRET, tag: SECRET } }, { schema })
    expect(letter.reason).toContain('id: expected string')
    expect(letter.reason).toContain('version: expected number')
    expect(letter.reason).toMatch(/tag: expected .*x.*y/)
  })

  it('uses a message of the schema only when it quotes no value', async () => {
    const schema = Quote.refine(({ id }) => !id.startsWith('bad'), 'must not begin so')
    const letter = await letterOf({ json: { id: 'bad', version: 1 } }, { schema })
    expect(letter.reason).toBe('value: must not begin so')
    const quoting = Quote.superRefine(({ id }, context) => {
      if (id === SECRET) context.addIssue({ code: 'custom', message: `${id} is taken` })
    })
    expect((await letterOf({ json: { id: SECRET, version: 1 } }, { schema: quoting })).reason).toBe(
      'value: is not valid',
    )
  })
})

describe('a map', () => {
  it.each([
    [
      'throws',
      () => {
        throw new TypeError(SECRET)
      },
      'map-failed',
      /^map threw TypeError/,
    ],
    [
      'refuses',
      () => {
        throw new DataError('quote-closed', 'the quote is closed')
      },
      'quote-closed',
      /is closed/,
    ],
    ['answers no object', () => 7, 'map-failed', /answered a number/],
    ['answers rows in rows', () => [[{}]], 'map-failed', /answered an array/],
  ])('that %s makes a dead letter', async (_, fail, code, reason) => {
    const map = (quote: { id: string }) => (quote.id === 'x' ? fail() : quote)
    const letter = await letterOf({ json: { id: 'x', version: 1 } }, { map })
    expect(letter).toMatchObject({ stage: 'map', code })
    expect(letter.reason).toMatch(reason)
  })

  it('that cannot reach what it asks makes none: the message is read again', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append(...good(2))
    from.end()
    let asked = 0
    const map = (quote: z.output<typeof Quote>) => {
      if (++asked < 3) throw new UnavailableError('lookup-away', 'the lookup is away')
      return quote
    }
    await runToEnd(ingest({ from, into: quotes, schema: Quote, map }))
    expect(database.rows('quotes')).toHaveLength(2)
    expect(database.state.deadLetters.letters).toEqual([])
  })
})

describe('when most messages of a batch are bad', () => {
  const bad = Array.from({ length: 30 }, (): MemoryMessage => ({ body: 'broken' }))

  it.each([
    ['cannot be decoded', bad, 'batch-unreadable'],
    [
      'are refused by the table',
      bad.map((_, at) => ({ json: { id: `${at}`, reference: 'refused', version: 1 } })),
      'batch-refused',
    ],
  ])('as they %s, the flow stops: nothing is kept as a letter, stored or acknowledged', async (_, messages, code) => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append(...good(10), ...messages)
    from.end()
    const flow = ingest({ from, into: quotes, schema: Quote, map: (quote) => quote })
    await expect(flow.run(running())).rejects.toMatchObject({ name: 'SystemicError', code })
    expect(database.rows('quotes')).toEqual([])
    expect(database.state.deadLetters.letters).toEqual([])
    expect(from.acknowledged()).toBe(0)
    expect(await database.state.checkpoints.load('quotes')).toEqual(new Map())
  })

  it('goes on all the same with stopAbove: 1', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append(...good(2), ...bad)
    from.end()
    const events = await runToEnd(ingest({ from, into: quotes, schema: Quote, map: (quote) => quote, stopAbove: 1 }))
    expect(database.rows('quotes')).toHaveLength(2)
    expect(database.state.deadLetters.letters).toHaveLength(30)
    expect(ofType(events, 'dead-letters').map(({ count, code }) => [count, code])).toEqual([[30, 'invalid-json']])
  })
})
