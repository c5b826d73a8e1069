import { foreignKey, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { ingest } from 'lockstep'
import { type MemoryMessage, memoryStream } from 'lockstep/memory'
import { postgres } from 'lockstep/postgres'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type PlainClient, plainClient, testDatabase } from '../support/postgres.js'
import { ofType, running, runToEnd } from './ingest-subject.js'

const quotes = pgTable('quotes', {
  id: uuid().primaryKey(),
  reference: text().notNull(),
  revision: integer().notNull(),
})
const quoteItems = pgTable(
  'quote_items',
  { quote: uuid().notNull(), name: text().notNull(), total: integer(), revision: integer().notNull() },
  (table) => [foreignKey({ columns: [table.quote], foreignColumns: [quotes.id] })],
)

const TABLES = `
  DROP TABLE IF EXISTS quote_items, quotes;
  CREATE TABLE quotes (id uuid PRIMARY KEY, reference text NOT NULL, revision integer NOT NULL);
  CREATE TABLE quote_items (
    quote uuid NOT NULL REFERENCES quotes, name text NOT NULL, total integer CHECK (total >= 0), revision integer NOT NULL,
    PRIMARY KEY (quote, name))`

const Started = z.object({ id: z.uuid(), reference: z.string(), revision: z.number() })
const Updated = z.object({
  quote: z.uuid(),
  revision: z.number(),
  items: z.array(z.object({ name: z.string(), total: z.number().nullable() })),
})

const { url } = testDatabase()

async function ask<Row extends object>(sql: string, work = (client: PlainClient) => client.query<Row>(sql)) {
  await using client = await plainClient(url)
  return (await work(client)).rows
}

beforeEach(async () => {
  await ask(TABLES)
  await ask('DROP SCHEMA IF EXISTS lockstep CASCADE')
})

const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
const started = (number: number, revision = 1, reference = `r${revision}`): MemoryMessage => ({
  type: 'started',
  json: { id: idOf(number), reference, revision },
})
const updated = (number: number, revision: number, totals: readonly (number | null)[]): MemoryMessage => ({
  type: 'updated',
  json: { quote: idOf(number), revision, items: totals.map((total, at) => ({ name: `item ${at}`, total })) },
})

function quoteFlow(
  db: ReturnType<typeof postgres>,
  from: ReturnType<typeof memoryStream>,
  options: { orphans?: 'hold'; stopAbove?: number; holdRetryMs?: number; lanes?: number } = {},
) {
  return ingest({
    from,
    into: {
      items: db.table(quoteItems, { key: ['quote', 'name'], version: 'revision' }),
      quotes: db.table(quotes, { version: 'revision' }),
    },
    byType: {
      started: { schema: Started, map: (quote) => ({ quotes: quote }) },
      updated: {
        schema: Updated,
        map: ({ quote, revision, items }) => ({ items: items.map((item) => ({ ...item, quote, revision })) }),
      },
    },
    batch: { items: 50 },
    ...options,
  })
}

describe('ingest into PostgreSQL', () => {
  it('stores messages in tables that refer to each other, the newest of each row', async () => {
    await using db = postgres(url)
    const from = memoryStream()
    from.append(
      updated(1, 1, [1, null]),
      started(1),
      updated(1, 3, [3]),
      updated(1, 2, [2, 2, 2]),
      started(1, 0, 'late'),
    )
    from.end()
    const flow = quoteFlow(db, from)
    await runToEnd(flow)
    expect(await ask('SELECT * FROM quotes')).toEqual([{ id: idOf(1), reference: 'r1', revision: 1 }])
    expect(await ask('SELECT name, total, revision FROM quote_items ORDER BY name')).toEqual([
      { name: 'item 0', total: 3, revision: 3 },
      { name: 'item 1', total: 2, revision: 2 },
      { name: 'item 2', total: 2, revision: 2 },
    ])
    expect(await ask('SELECT position FROM lockstep.checkpoints')).toEqual([{ position: '5' }])
    expect(from.acknowledged()).toBe(5)
    const signal = new AbortController().signal
    expect((await flow.diagnose(signal)).filter(({ level }) => level === 'error')).toEqual([])
    expect((await flow.grants('app', signal)).flatMap(({ statements }) => statements).join()).toContain('quote_items')
  })

  it('holds what comes before its parent, over a restart, and stores it once the parent is there', async () => {
    await using db = postgres(url)
    const first = memoryStream({ laneOf: () => 'first' })
    first.append(...Array.from({ length: 30 }, (_, at) => updated(at, 1, [at])), started(3))
    first.end()
    await runToEnd(quoteFlow(db, first, { orphans: 'hold' }))
    expect(await db.state.deadLetters.count('quotes', ['held'])).toBe(29)
    expect(await ask('SELECT quote FROM quote_items')).toEqual([{ quote: idOf(3) }])

    const second = memoryStream({ laneOf: () => 'second' })
    const context = running()
    const run = quoteFlow(db, second, { orphans: 'hold', holdRetryMs: 60_000 }).run(context)
    second.append(...Array.from({ length: 30 }, (_, at) => started(at)))
    await expect.poll(() => db.state.deadLetters.count('quotes', ['held'])).toBe(0)
    context.draining.abort()
    await run
    expect(await ask('SELECT count(*)::int FROM quote_items')).toEqual([{ count: 30 }])
    expect(await db.state.deadLetters.count('quotes', ['replayed'])).toBe(29)
  })

  it.each([
    ['0.1 %', 3_000, 1_000],
    ['10 %', 1_000, 10],
    ['all', 200, 1],
  ])(
    'with poison at %s, what was acknowledged is stored or a letter, and the letters are exactly the poison',
    async (_, count, every) => {
      await using db = postgres(url)
      const from = memoryStream({ laneOf: ({ revision }) => `lane ${(revision ?? 0n) % 3n}` })
      const good = new Set<string>()
      const poison = new Set<string>()
      const parents = memoryStream({ laneOf: () => 'parents' })
      for (let at = 0; at < count; at++) {
        const id = `m${at}`
        const bad = at % every === every - 1
        if (bad) poison.add(id)
        else good.add(idOf(at))
        const kind = Math.floor(at / every) % 4
        if (!bad) from.append({ ...updated(at, 1, [at]), id })
        else if (kind === 0) from.append({ id, type: 'updated', body: '{"quote":' })
        else if (kind === 1) from.append({ ...updated(at, 1, [-1]), id })
        else if (kind === 2) from.append({ id, type: 'updated', json: { quote: 'none' } })
        else from.append({ id, type: 'other', json: {} })
        parents.append(started(at))
      }
      parents.end()
      from.end()
      await runToEnd(quoteFlow(db, parents))
      const events = await runToEnd(quoteFlow(db, from, { stopAbove: 1, lanes: 3 }))

      const stored = await ask<{ quote: string }>('SELECT quote FROM quote_items')
      expect(new Set(stored.map(({ quote }) => quote))).toEqual(good)
      const letters = await ask<{ item_key: string }>('SELECT item_key FROM lockstep.dead_letters')
      expect(new Set(letters.map(({ item_key: key }) => key))).toEqual(poison)
      expect(from.acknowledged()).toBe(good.size + poison.size)
      expect(ofType(events, 'dead-letters').reduce((sum, event) => sum + event.count, 0)).toBe(poison.size)
    },
  )

  it('keeps a letter whole, and replays it when the table takes it', async () => {
    await using db = postgres(url)
    const from = memoryStream()
    const body = Buffer.from([0xff, 0x00, 0x41])
    from.append(
      started(1),
      { ...updated(1, 1, [-5]), id: 'refused', headers: { 'x-\u0001': 'ü' } },
      { id: 'bytes', type: 'started', body },
    )
    from.end()
    const flow = quoteFlow(db, from)
    await runToEnd(flow)
    const letters = await db.state.deadLetters.list('quotes')
    expect(letters.map(({ itemKey, stage, code, encoding }) => [itemKey, stage, code, encoding])).toEqual([
      ['bytes', 'decode', 'invalid-utf8', 'base64'],
      ['refused', 'write', 'check-violation', 'text'],
    ])
    expect(Buffer.from(letters[0]?.payload ?? '', 'base64')).toEqual(body)
    await ask('ALTER TABLE quote_items DROP CONSTRAINT quote_items_total_check')
    expect(await flow.replay?.({}, running())).toEqual({ letters: 2, replayed: 1, failed: 1 })
    expect(await ask('SELECT total FROM quote_items')).toEqual([{ total: -5 }])
    expect(await db.state.deadLetters.count('quotes', ['dead'])).toBe(1)
  })
})
