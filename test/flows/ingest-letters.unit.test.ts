import { ConfigError, ingest } from 'lockstep'
import { memoryDatabase, memoryStream } from 'lockstep/memory'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { Flow } from '../../src/core/flow.js'
import type { OutgoingMessage } from '../../src/core/message.js'
import type { MessageTarget } from '../../src/core/stream.js'
import { ofType, Quote, running, runToEnd, type Subject, subject } from './ingest-subject.js'

const FLOW = 'quotes'

/** Quotes and items by type; an item's quote may come later. */
function quoteFlow({ quotes, items }: Subject, from: ReturnType<typeof memoryStream>, options: object = {}): Flow {
  return ingest({
    from,
    into: { quotes, items },
    byType: {
      started: { schema: Quote, map: (quote) => ({ quotes: quote }) },
      item: {
        schema: z.object({ quote: z.string(), name: z.string() }),
        map: (item) => ({ items: item }),
      },
    },
    ...options,
  })
}

const started = (id: string) => ({ type: 'started', json: { id, version: 1 } })
const item = (quote: string, name = 'car') => ({ id: `${quote} ${name}`, type: 'item', json: { quote, name } })

describe('a row whose parent is missing', () => {
  it('is a dead letter', async () => {
    const tables = subject()
    const from = memoryStream()
    from.append(item('a'), started('b'), item('b'))
    from.end()
    await runToEnd(quoteFlow(tables, from))
    expect(tables.database.rows('items')).toEqual([{ quote: 'b', name: 'car', total: null }])
    expect(tables.database.state.deadLetters.letters).toMatchObject([
      { state: 'dead', held: false, stage: 'write', code: 'foreign-key-violation', itemKey: 'a car' },
    ])
  })

  it('is held when told to, and stored soon after its parent', async () => {
    const tables = subject()
    const from = memoryStream()
    const context = running()
    const { deadLetters } = tables.database.state
    const run = quoteFlow(tables, from, { orphans: 'hold', holdRetryMs: 60_000 }).run(context)
    from.append(item('a'), item('a', 'house'))
    await vi.waitFor(async () => expect(await deadLetters.count(FLOW, ['held'])).toBe(2))
    expect(from.acknowledged()).toBe(2)
    from.append(started('a'))
    await vi.waitFor(async () => expect(await deadLetters.count(FLOW, ['replayed'])).toBe(2), 4_000)
    expect(tables.database.rows('items').map(({ name }) => name)).toEqual(['car', 'house'])
    context.draining.abort()
    await run
  })

  it('is held over a restart, and stored by the next run', async () => {
    const tables = subject()
    const { deadLetters } = tables.database.state
    const first = memoryStream()
    first.append(item('a'))
    first.end()
    await runToEnd(quoteFlow(tables, first, { orphans: 'hold' }))
    expect(await deadLetters.count(FLOW, ['held'])).toBe(1)
    const second = memoryStream({ laneOf: () => 'second' })
    second.append(started('a'))
    second.end()
    const events = await runToEnd(quoteFlow(tables, second, { orphans: 'hold' }))
    expect(tables.database.rows('items')).toHaveLength(1)
    expect(await deadLetters.count(FLOW)).toBe(0)
    expect(ofType(events, 'dead-letters')).toEqual([])
  })

  it('is tried again from time to time, as its parent may be stored by others', async () => {
    const tables = subject()
    const from = memoryStream()
    const context = running()
    const run = quoteFlow(tables, from, { orphans: 'hold', holdRetryMs: 300 }).run(context)
    from.append(item('a'))
    const { deadLetters } = tables.database.state
    await vi.waitFor(async () => expect(await deadLetters.count(FLOW, ['held'])).toBe(1))
    const other = memoryStream()
    other.append({ json: { id: 'a', version: 1 } })
    other.end()
    await ingest({ from: other, into: tables.quotes, schema: Quote, map: (quote) => quote }).run(
      running({ name: 'other' }),
    )
    await vi.waitFor(async () => expect(await deadLetters.count(FLOW, ['replayed'])).toBe(1), 4_000)
    expect(tables.database.rows('items')).toHaveLength(1)
    context.draining.abort()
    await run
  })

  it('does not keep the flow from draining, nor from aborting, while it is held', async () => {
    for (const how of ['draining', 'aborting'] as const) {
      const tables = subject()
      const from = memoryStream()
      const context = running()
      const run = quoteFlow(tables, from, { orphans: 'hold' }).run(context)
      from.append(item('a'))
      await vi.waitFor(() => expect(from.acknowledged()).toBe(1))
      context[how].abort()
      await run
      expect(await tables.database.state.deadLetters.count(FLOW, ['held'])).toBe(1)
    }
  })

  it('is given up after holdMs, and never lost', async () => {
    const tables = subject()
    const from = memoryStream()
    const context = running()
    const run = quoteFlow(tables, from, { orphans: 'hold', holdMs: 20, holdRetryMs: 10 }).run(context)
    from.append(item('a'))
    const { deadLetters } = tables.database.state
    await vi.waitFor(async () => expect(await deadLetters.count(FLOW, ['dead'])).toBe(1), 4_000)
    expect(deadLetters.letters).toMatchObject([{ state: 'dead', held: false, code: 'foreign-key-violation' }])
    await vi.waitFor(() => expect(ofType(context.events, 'dead-letters')).toHaveLength(2))
    context.draining.abort()
    await run
  })

  it('does not make a batch systemic, however many there are', async () => {
    const tables = subject()
    const from = memoryStream()
    from.append(...Array.from({ length: 50 }, (_, at) => item(`q${at}`)))
    from.end()
    await runToEnd(quoteFlow(tables, from, { orphans: 'hold' }))
    expect(await tables.database.state.deadLetters.count(FLOW, ['held'])).toBe(50)
  })
})

describe('replay', () => {
  it('sends letters through the whole flow again, and marks those that are stored', async () => {
    const tables = subject()
    const { database } = tables
    const from = memoryStream()
    let mended = false
    const flow = ingest({
      from,
      into: tables.quotes,
      schema: Quote,
      map: (quote, message) => {
        if (!mended && message.headers['tenant'] === 'x') throw new Error('not yet')
        return { ...quote, reference: `${message.revision} ${Buffer.from(message.metadata ?? []).toString()}` }
      },
    })
    from.append(
      { id: 'one', json: { id: 'a', version: 1 }, headers: { tenant: 'x' }, metadata: Buffer.from('meta') },
      { id: 'two', body: 'broken for ever' },
      { id: 'three', json: { id: 'c', version: 1 } },
    )
    from.end()
    await runToEnd(flow)
    const store = database.state.deadLetters
    expect(store.letters.map(({ itemKey, state }) => [itemKey, state])).toEqual([
      ['one', 'dead'],
      ['two', 'dead'],
    ])
    mended = true
    expect(await flow.replay?.({}, running())).toEqual({ letters: 2, replayed: 1, failed: 1 })
    expect(database.rows('quotes')).toContainEqual({ id: 'a', version: 1, reference: '1 meta' })
    expect(store.letters.map(({ itemKey, state, attempts }) => [itemKey, state, attempts])).toEqual([
      ['one', 'replayed', 1],
      ['two', 'dead', 2],
    ])
    expect(await flow.replay?.({ codes: ['map-failed'] }, running())).toEqual({ letters: 0, replayed: 0, failed: 0 })
  })

  it('goes through more letters than a page has, with most of them bad', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    let mended = false
    from.append(...Array.from({ length: 1_000 }, (_, at) => ({ json: { id: `${at}`, version: 1 } })))
    from.end()
    const map = (quote: z.output<typeof Quote>) => {
      if (!mended || Number(quote.id) % 10 > 0) throw new Error('not yet')
      return quote
    }
    const flow = ingest({ from, into: quotes, schema: Quote, stopAbove: 1, map })
    await runToEnd(flow)
    mended = true
    expect(await flow.replay?.({}, running())).toEqual({ letters: 1_000, replayed: 100, failed: 900 })
    expect(database.rows('quotes')).toHaveLength(100)
    expect(await database.state.deadLetters.count(FLOW)).toBe(900)
  })
})

describe('dead letters in a topic', () => {
  it('are written whole, and cannot be replayed from there', async () => {
    const written: OutgoingMessage[] = []
    const target: MessageTarget = {
      system: 'memory',
      label: 'memory://letters',
      open: () => ({
        write: async (messages) => {
          written.push(...messages)
        },
        async [Symbol.asyncDispose]() {},
      }),
      diagnose: async () => [{ level: 'ok', subject: 'letters', message: 'there' }],
    }
    const tables = subject()
    const from = memoryStream()
    from.append({ id: 'm', body: 'broken', headers: { a: 'b' } })
    from.end()
    const flow = ingest({ from, into: tables.quotes, deadLetters: target, map: () => undefined })
    await runToEnd(flow)
    expect(written.map(({ key, headers }) => ({ key, headers }))).toEqual([
      {
        key: 'm',
        headers: { 'lockstep-flow': FLOW, 'lockstep-stage': 'decode', 'lockstep-code': 'invalid-json' },
      },
    ])
    expect(JSON.parse(Buffer.from(written[0]?.body ?? []).toString())).toMatchObject({
      payload: 'broken',
      headers: { a: 'b' },
      itemKey: 'm',
      position: '1',
    })
    expect(flow.replay).toBeUndefined()
    expect(flow.deadLetters).toBeUndefined()
    expect(await flow.diagnose(new AbortController().signal)).toContainEqual(
      expect.objectContaining({ subject: 'letters' }),
    )
    expect(() => quoteFlow(tables, from, { orphans: 'hold', deadLetters: target })).toThrow(ConfigError)
  })
})

describe('a wrong config', () => {
  const { quotes } = subject()
  const from = memoryStream()
  const strangers = { quotes, other: memoryDatabase().table('other', { key: ['id'] }) }
  const map = () => undefined

  it.each([
    ['tables of two databases', { from, into: strangers, map }, 'into-databases', 'into'],
    ['no table', { from, into: {}, map }, 'into-empty', 'into'],
    ['no map', { from, into: quotes }, 'option-invalid', 'map'],
    ['a map beside byType', { from, into: quotes, map, byType: { a: { map } } }, 'option-invalid', 'map'],
    ['a misspelt option', { from, into: quotes, map, lane: 3 }, 'option-invalid', 'lane'],
    ['a share beyond 1', { from, into: quotes, map, stopAbove: 50 }, 'option-invalid', 'stopAbove'],
    ['a limit that is none', { from, into: quotes, map, batch: { items: 0 } }, 'option-invalid', 'batch.items'],
    ['no stream', { from: quotes, into: quotes, map }, 'option-invalid', 'from'],
    ['no Standard Schema', { from, into: quotes, map, schema: {} }, 'option-invalid', 'schema'],
  ])('with %s names the key', (_, options, code, key) => {
    expect(() => untyped(options)).toThrow(expect.objectContaining({ code, key: `ingest({ ${key} })` }))
  })

  it('with a database that cannot be upserted into says so', () => {
    const into = { name: 'rows', database: { engine: 'other', label: 'other://x' }, grants: async () => [] }
    expect(() => untyped({ from, into, map })).toThrow(expect.objectContaining({ code: 'upserts-unsupported' }))
  })
})

/** As JavaScript calls it. */
function untyped(options: object): unknown {
  return Reflect.apply(ingest, undefined, [options])
}
