import { ingest } from 'lockstep'
import { memoryStream } from 'lockstep/memory'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ofType, Quote, runToEnd, subject } from './ingest-subject.js'

describe('ingest', () => {
  it('stores one row of each message, newest wins, and acknowledges', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append(
      { json: { id: 'a', reference: 'old', version: 1 } },
      { json: { id: 'b', reference: 'only', version: 1 } },
      { json: { id: 'a', reference: 'new', version: 3 } },
      { json: { id: 'a', reference: 'late', version: 2 } },
    )
    from.end()
    const events = await runToEnd(ingest({ from, schema: Quote, into: quotes, map: (quote) => quote }))
    expect(database.rows('quotes')).toEqual([
      { id: 'a', reference: 'new', version: 3 },
      { id: 'b', reference: 'only', version: 1 },
    ])
    expect(from.acknowledged()).toBe(4)
    expect(await database.state.checkpoints.load('quotes')).toEqual(new Map([['memory', '4']]))
    expect(ofType(events, 'batch').reduce((sum, { items }) => sum + items, 0)).toBe(4)
  })

  it('stores the rows of one message in several tables, in one transaction', async () => {
    const { database, quotes, items } = subject()
    const from = memoryStream()
    from.append({ json: { id: 'q', items: ['car', 'house'] } })
    from.end()
    const schema = z.object({ id: z.string(), items: z.array(z.string()) })
    await runToEnd(
      ingest({
        from,
        schema,
        into: { items, quotes },
        map: (event) => ({
          quotes: { id: event.id },
          items: event.items.map((name) => ({ quote: event.id, name })),
        }),
      }),
    )
    expect(database.rows('quotes')).toEqual([{ id: 'q' }])
    expect(database.rows('items').map(({ name }) => name)).toEqual(['car', 'house'])
  })

  it('stores nothing of a message that maps to nothing, and acknowledges it', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append({ json: 1 }, { json: 2 }, { json: 3 }, { json: 4 })
    from.end()
    const answers = [undefined, null, [], [undefined, { id: 'last' }]]
    await runToEnd(ingest({ from, into: quotes, map: (value) => answers[Number(value) - 1] }))
    expect(database.rows('quotes')).toEqual([{ id: 'last' }])
    expect(from.acknowledged()).toBe(4)
    expect(await database.state.deadLetters.count('quotes')).toBe(0)
  })

  it('waits for asynchronous functions, and keeps the order', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append({ json: { id: 'a' } }, { json: { id: 'a' } }, { json: { id: 'a' } })
    from.end()
    const unversioned = database.table<{ id: string; reference?: string | null }>('quotes', { key: ['id'] })
    expect(quotes.name).toBe(unversioned.name)
    await runToEnd(
      ingest({
        from,
        decode: async (body) => JSON.parse(Buffer.from(body).toString()),
        schema: z.object({ id: z.string() }).refine(async () => true),
        into: unversioned,
        map: async ({ id }, message) => ({ id, reference: message.id }),
      }),
    )
    expect(database.rows('quotes')).toEqual([{ id: 'a', reference: '3' }])
  })

  it('gives map the whole message', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append({ id: 'm', json: {}, type: 'started', headers: { tenant: 'x' }, revision: 7n })
    from.end()
    await runToEnd(
      ingest({
        from,
        into: quotes,
        map: (_value, { id, type, headers, revision }) => ({
          id,
          reference: `${type} ${headers['tenant']}`,
          version: Number(revision),
        }),
      }),
    )
    expect(database.rows('quotes')).toEqual([{ id: 'm', reference: 'started x', version: 7 }])
  })
})

describe('ingest by type', () => {
  it('gives each type its own schema, upcast and map', async () => {
    const { database, quotes, items } = subject()
    const from = memoryStream()
    from.append(
      { type: 'quote_started', json: { id: 'q' } },
      { type: 'item_added', json: { quote: 'q', name: 'car', total: 2 } },
      { type: 'item_added', json: { quoteId: 'q', name: 'house' } },
    )
    from.end()
    const Old = z.object({ quoteId: z.string(), name: z.string() })
    await runToEnd(
      ingest({
        from,
        into: { quotes, items },
        byType: {
          quote_started: { schema: z.object({ id: z.string() }), map: ({ id }) => ({ quotes: [{ id }] }) },
          item_added: {
            upcast: (value) => {
              const old = Old.safeParse(value)
              return old.success ? { quote: old.data.quoteId, name: old.data.name, total: 0 } : value
            },
            schema: z.object({ quote: z.string(), name: z.string(), total: z.number() }),
            map: (item) => ({ items: item }),
          },
        },
      }),
    )
    expect(database.rows('items')).toEqual([
      { quote: 'q', name: 'car', total: 2 },
      { quote: 'q', name: 'house', total: 0 },
    ])
  })

  it('makes a dead letter of a type that it does not know, or of none', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append({ type: 'other', json: {} }, { json: {} }, { type: '__proto__', json: {} })
    from.end()
    await runToEnd(ingest({ from, into: quotes, byType: { known: { map: () => undefined } } }))
    const letters = database.state.deadLetters.letters
    expect(letters.map(({ stage, code, itemKey }) => [stage, code, itemKey])).toEqual([
      ['map', 'unknown-type', '1'],
      ['map', 'unknown-type', '2'],
      ['map', 'unknown-type', '3'],
    ])
    expect(letters[0]?.reason).toContain('"other"')
  })

  it('skips and counts unknown types when told to, without decoding them', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append({ type: 'other', body: 'no JSON' }, { type: 'known', json: { id: 'a' } }, { type: 'other', body: '' })
    from.end()
    const events = await runToEnd(
      ingest({
        from,
        into: quotes,
        unknownTypes: 'skip',
        byType: { known: { schema: z.object({ id: z.string() }), map: ({ id }) => ({ id }) } },
      }),
    )
    expect(database.rows('quotes')).toEqual([{ id: 'a' }])
    expect(ofType(events, 'skipped')).toEqual([
      { flow: 'quotes', type: 'skipped', lane: 'memory', count: 2, reason: 'unknown-type' },
    ])
    expect(from.acknowledged()).toBe(3)
    expect(await database.state.deadLetters.count('quotes')).toBe(0)
  })

  it('takes the type from where typeOf says', async () => {
    const { database, quotes } = subject()
    const from = memoryStream()
    from.append({ json: { kind: 'known', id: 'body' } }, { headers: { kind: 'known' }, json: { id: 'header' } })
    from.end()
    const Kind = z.object({ kind: z.string() })
    await runToEnd(
      ingest({
        from,
        into: quotes,
        typeOf: (message, value) => message.headers['kind'] ?? Kind.parse(value).kind,
        byType: { known: { schema: z.object({ id: z.string() }), map: ({ id }) => ({ id }) } },
      }),
    )
    expect(database.rows('quotes')).toEqual([{ id: 'body' }, { id: 'header' }])
  })
})
