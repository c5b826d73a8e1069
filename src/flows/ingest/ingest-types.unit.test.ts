import { pgTable, serial, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { Flow } from 'lockstep'
import { ingest } from 'lockstep'
import { memoryDatabase, memoryStream } from 'lockstep/memory'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

/** What only the compiler sees: `tsc` fails where a line below is wrong, or where a wrong one compiles. */

const quotes = pgTable('quotes', {
  id: uuid().primaryKey(),
  reference: text(),
  version: timestamp({ mode: 'date' }).notNull(),
})
const quoteItems = pgTable('quote_items', {
  number: serial().primaryKey(),
  quote: uuid().notNull(),
  key: text().notNull(),
  total: text(),
})

const db = memoryDatabase()
const toQuotes = db.table<typeof quotes.$inferInsert>('quotes', { key: ['id'] })
const toItems = db.table<typeof quoteItems.$inferInsert>('quote_items', { key: ['number'] })
const into = { quotes: toQuotes, quoteItems: toItems }
const from = memoryStream()

const Quote = z.object({ id: z.string(), at: z.coerce.date(), note: z.string().optional() })
const version = new Date(0)

describe('the types of ingest', () => {
  it('give map what the schema makes of a value', () => {
    ingest({
      from,
      into: toQuotes,
      schema: Quote,
      map: (quote, message) => {
        expectTypeOf(quote).toEqualTypeOf<z.output<typeof Quote>>()
        expectTypeOf(message.id).toEqualTypeOf<string>()
        return { id: quote.id, version: quote.at, reference: quote.note }
      },
    })
    ingest({
      from,
      into: toQuotes,
      schema: v.object({ id: v.string() }),
      map: (quote) => {
        expectTypeOf(quote).toEqualTypeOf<{ id: string }>()
        return []
      },
    })
    ingest({
      from,
      into: toQuotes,
      map: (value) => {
        expectTypeOf(value).toEqualTypeOf<unknown>()
        return undefined
      },
    })
    // @ts-expect-error: the schema makes no such property
    ingest({ from, into: toQuotes, schema: Quote, map: ({ id, nowhere }) => ({ id, version, reference: nowhere }) })
    // @ts-expect-error: no Standard Schema
    expect(() => ingest({ from, into: toQuotes, schema: { parse: () => 1 }, map: () => undefined })).toThrow('schema')
  })

  it('take one row, several or none, also later', () => {
    const row = { id: 'a', version }
    ingest({ from, into: toQuotes, map: () => row })
    ingest({ from, into: toQuotes, map: () => [row, undefined, row] })
    ingest({ from, into: toQuotes, map: () => null })
    ingest({ from, into: toQuotes, map: async () => row })
    ingest({ from, into: toQuotes, schema: Quote, map: ({ note }) => (note === undefined ? undefined : row) })
    ingest({ from, into, map: () => ({ quotes: row }) })
    ingest({ from, into, map: () => ({ quotes: [row], quoteItems: [{ quote: 'a', key: 'b' }] }) })
    ingest({ from, into, schema: Quote, map: ({ note }) => (note === undefined ? {} : { quotes: row }) })
    ingest({ from, into, map: () => undefined })
    // A table that is given by name takes any values.
    ingest({ from, into: db.table('other'), map: () => ({ whatever: 1 }) })
  })

  it('refuse rows that the table does not take', () => {
    // @ts-expect-error: a column is missing
    ingest({ from, into: toQuotes, map: () => ({ id: 'a' }) })
    // @ts-expect-error: a column has another type
    ingest({ from, into: toQuotes, map: () => ({ id: 'a', version: '2026' }) })
    // @ts-expect-error: there is no such column
    ingest({ from, into: toQuotes, map: () => ({ id: 'a', version, referense: 'x' }) })
    const misspelt = { id: 'a', version, referense: 'x' }
    // @ts-expect-error: there is no such column, in one row of several
    ingest({ from, into: toQuotes, map: () => [{ id: 'a', version }, misspelt] })
    // @ts-expect-error: there is no such column, in one of two answers
    ingest({
      from,
      into: toQuotes,
      schema: Quote,
      map: ({ id, note }) => (note ? { id, version } : { id, version, x: 1 }),
    })
    // @ts-expect-error: there is no such column, later
    ingest({ from, into: toQuotes, map: async () => ({ id: 'a', version, referense: 'x' }) })
    // @ts-expect-error: there is no such table
    ingest({ from, into, map: () => ({ quotes: [], items: [] }) })
    // @ts-expect-error: a column of one of the tables is missing
    ingest({ from, into, map: () => ({ quoteItems: [{ quote: 'a' }] }) })
    // @ts-expect-error: there is no such column in one of the tables
    ingest({ from, into, map: () => ({ quoteItems: [{ quote: 'a', key: 'b', totl: '1' }] }) })
  })

  it('type each route by itself', () => {
    const flow = ingest({
      from,
      into,
      byType: {
        started: {
          schema: Quote,
          map: (quote) => {
            expectTypeOf(quote).toEqualTypeOf<z.output<typeof Quote>>()
            return { quotes: { id: quote.id, version: quote.at } }
          },
        },
        updated: {
          schema: z.object({ items: z.array(z.string()) }),
          upcast: (value, message) => [value, message],
          map: ({ items }, message) => ({ quoteItems: items.map((key) => ({ quote: message.stream, key })) }),
        },
        raw: { map: (value) => (value === undefined ? undefined : { quotes: [] }) },
        ended: { map: () => undefined },
      },
      unknownTypes: 'skip',
      typeOf: (message, value) => (value === undefined ? message.type : message.headers['type']),
    })
    expectTypeOf(flow).toEqualTypeOf<Flow>()
  })

  it('refuse a wrong route', () => {
    // @ts-expect-error: a column has another type
    ingest({ from, into, byType: { a: { schema: Quote, map: ({ at }) => ({ quotes: { id: at, version } }) } } })
    // @ts-expect-error: the schema makes no such property
    ingest({ from, into, byType: { a: { schema: Quote, map: (quote) => ({ quotes: { id: quote.x, version } }) } } })
    // @ts-expect-error: there is no such column
    const column: Flow = ingest({ from, into: toQuotes, byType: { a: { map: () => ({ id: 'a', version, x: 1 }) } } })
    // @ts-expect-error: there is no such table
    const table: Flow = ingest({
      from,
      into,
      byType: { a: { map: () => ({ quotes: [] }) }, b: { map: () => ({ q: [] }) } },
    })
    expectTypeOf([column, table]).toEqualTypeOf<Flow[]>()
  })
})
