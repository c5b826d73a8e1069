import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { type MockCluster, startMockCluster } from '../support/kafka/mock-cluster.js'
import { doctor, type Env, type Example, lockstep, running, schemaOf } from './example.js'
import { type QuoteEvent, QuotesStore } from './quotes-store.js'
import { mariadbTarget, postgresTarget, type QuotesTarget } from './quotes-target.js'

interface Way {
  readonly name: string
  readonly folder: 'postgres' | 'mysql' | 'kafka'
  target(): QuotesTarget
}

const WAYS: readonly Way[] = [
  { name: 'into PostgreSQL', folder: 'postgres', target: postgresTarget },
  { name: 'into MariaDB', folder: 'mysql', target: mariadbTarget },
  { name: 'through Kafka into PostgreSQL', folder: 'kafka', target: postgresTarget },
]

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

const started = (id: string, changed: object = {}): QuoteEvent => ({
  type: 'quote_started',
  data: { id, reference: `Q ${id}`, timestamp: '2026-03-29T01:30:00.123+01:00', ...changed },
})

const updated = (quoteId: string, products: unknown, changed: Partial<QuoteEvent> = {}): QuoteEvent => ({
  type: 'quote_products_updated',
  data: { quoteId, products },
  ...changed,
})

const product = (id: string, rates: unknown, changed: object = {}) => ({ id, key: id.toUpperCase(), rates, ...changed })

/** Two events of one quote that the store took at different times. */
async function laterThan(ms: number): Promise<void> {
  await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(ms + 1)
}

describe.each(WAYS)('examples/quotes $name', ({ folder, target: makeTarget }) => {
  const target = makeTarget()
  let store: QuotesStore
  let kafka: MockCluster | undefined
  let env: Env = {}
  let example: Example
  let flow: AsyncDisposable | undefined

  beforeAll(async () => {
    store = await QuotesStore.start()
    kafka = folder === 'kafka' ? await startMockCluster() : undefined
    await kafka?.createTopic('quotes', 3)
    const brokers = kafka === undefined ? {} : { KAFKA_BROKERS: kafka.brokers.join(',') }
    env = { DATABASE_URL: target.url, KURRENTDB_URL: store.url, ...brokers }
    example = { cli, config: `quotes/${folder}/lockstep.config.ts`, env }
  })
  afterAll(async () => {
    await flow?.[Symbol.asyncDispose]()
    await kafka?.[Symbol.asyncDispose]()
    await store?.[Symbol.asyncDispose]()
  })

  /** The tables, the view of today, and the letters are as a fold of the events says. */
  const settled = async (): Promise<void> => {
    const { oracle, dead, held } = await store.oracle()
    const letters = async () => {
      const { dead: found = 0, held: waiting = 0 } = await target.letters()
      return { dead: found, held: waiting }
    }
    await expect.poll(letters, { timeout: 40_000 }).toEqual({ dead, held })
    await expect.poll(() => target.tables(), { timeout: 40_000, interval: 200 }).toEqual(oracle.tables)
  }

  it('says what is missing, and once all is there that all is well', async () => {
    expect(await doctor(example)).toMatchObject({ ok: false })
    await target.run(await schemaOf(`quotes/${target.example}/schema.sql`))
    expect(await doctor(example)).toMatchObject({ ok: true })
  })

  it('stores every event that the website appended', async () => {
    await store.generate(['--quotes', '200', '--rate', '1000000', '--broken', '0.05'], env)
    const { oracle, dead } = await store.oracle()
    expect(oracle.tables['quote_items']?.length).toBeGreaterThan(500)
    expect(dead).toBeGreaterThan(0)
    flow = running(example)
    await settled()
  })

  it('stores nulls, gaps, digits and texts as they are', async () => {
    const quote = randomUUID()
    const rate = (key: string, changed: object = {}) => ({ key, total: 0.1, ...changed })
    await store.append(quote, [
      // The id in capitals, as some write it.
      started(quote.toUpperCase(), {
        contact: { name: 'Zoë "O’Neill" \\ 🦄', phone: null, tags: [1, { deep: [] }], empty: '' },
        timestamp: '2026-03-29T01:30:00+05:30',
        isFirstQuote: null,
      }),
      updated(quote, [
        product('home', [
          rate('basic', { basePremium: 12_345_678.9012, loading: 0, discount: -0.0001, ipt: 9_999_999_999.9999 }),
          rate('plus', { total: null, isOffered: false, status: 'declined', errors: ['too old', { code: 7 }, null] }),
          rate('Plus', {
            isOffered: true,
            ratingAttributes: { postcode: 'AB1 2CD', age: 0.1, none: null },
            errors: [],
          }),
        ]),
        product('car', [rate('basic')], { name: 'Car\r\n\t', total: 1e-4, ipt: null }),
        product('pet', []),
        product('travel', null, { name: 'no rate yet', total: 5 }),
      ]),
      { type: 'quote_viewed', data: { id: quote } },
      { type: 'quote_', data: {} },
    ])
    const [bare, empty] = [randomUUID(), randomUUID()]
    await store.append(bare, [started(bare), updated(bare, null)])
    await store.append(empty, [started(empty, { contact: null, isFirstQuote: true }), updated(empty, [])])
    await settled()
    const [digits] = await target.run(
      `select base_premium, ipt, discount from quote_items where quote_id = '${quote}' and rate_key = 'basic' and product_id = 'home'`,
    )
    expect(digits).toEqual({ base_premium: '12345678.9012', ipt: '9999999999.9999', discount: '-0.0001' })
    const [name] = await target.run(
      `select ${target.example === 'postgres' ? `contact ->> 'name'` : `json_value(contact, '$.name')`} as name from quotes where id = '${quote}'`,
    )
    expect(name).toEqual({ name: 'Zoë "O’Neill" \\ 🦄' })
  })

  it('holds an update until its quote begins, however much later that is', async () => {
    const [quote, orphan] = [randomUUID(), randomUUID()]
    await store.append(quote, [updated(quote, [product('car', [{ key: 'basic', total: 1 }])], { fate: 'held' })])
    await store.append(orphan, [updated(orphan, [product('car', [{ key: 'basic' }])], { fate: 'held' })])
    await expect.poll(() => target.letters(), { timeout: 40_000 }).toMatchObject({ held: 2 })
    // The newer one is stored first, by the side of its quote; the one that was held must not win over it.
    await store.append(quote, [started(quote), updated(quote, [product('car', [{ key: 'basic', total: 2 }])])])
    store.release(quote)
    await settled()
    expect(await target.letters()).toMatchObject({ held: 1, replayed: expect.any(Number) })
  })

  it('tells which products a quote had at any time', async () => {
    const quote = randomUUID()
    const rates = [{ key: 'basic', total: 10 }]
    const updates = [['car', 'home'], ['car'], [], ['car', 'pet']]
    await store.append(quote, [started(quote)])
    for (const ids of updates) {
      await store.append(quote, [
        updated(
          quote,
          ids.map((id) => product(id, rates)),
        ),
      ])
      await laterThan(Date.now())
    }
    await settled()
    const { oracle } = await store.oracle()
    const moments = oracle.momentsOf(quote)
    expect(new Set(moments.map((ms) => oracle.activeAt(quote, ms).join()))).toEqual(
      new Set(['', 'car,home', 'car', 'car,pet']),
    )
    for (const of of [quote, ...oracle.quotes.slice(0, 20)]) {
      for (const ms of [...oracle.momentsOf(of), Date.now()]) {
        expect(await target.activeAt(of, ms), `${of} at ${ms}`).toEqual(oracle.activeAt(of, ms))
      }
    }
    // It is not active any more, and what it cost is still known.
    const items = `select product_id, total from quote_items where quote_id = '${quote}' order by product_id`
    expect(await target.run(items)).toEqual(
      ['car', 'home', 'pet'].map((product_id) => ({ product_id, total: '10.0000' })),
    )
  })

  it('keeps what cannot be stored, and stores it once the table takes it', async () => {
    await target.run(`alter table quotes add constraint refused check (reference <> 'refused')`)
    const [refused, large, spelt] = [randomUUID(), randomUUID(), randomUUID()]
    await store.append(refused, [started(refused, { reference: 'refused' })])
    const rates = [{ key: 'basic', total: 1e10 }]
    await store.append(large, [started(large), updated(large, [product('car', rates)], { fate: 'dead' })])
    await store.append(spelt, [started(spelt, { timestamp: 'yesterday', reference: 'x' })])
    for (const quote of [refused, spelt]) store.bury(quote)
    const unreadable = await store.appendUnreadable()
    await settled()
    const letters = await target.run(
      `select stage, code, payload, item_key from ${target.stateTable('dead_letters')} where state = 'dead'`,
    )
    const [broken] = letters.filter((letter) => letter['item_key'] === unreadable)
    expect(broken).toMatchObject({ stage: 'decode', payload: '{"id": ' })
    const [one] = letters.filter((letter) => String(letter['payload']).includes('"refused"'))
    expect(one).toMatchObject({ stage: 'write' })

    await target.run('alter table quotes drop constraint refused')
    const replay = ['dead-letters', 'replay', 'quotes', '--code', String(one?.['code']), '--json']
    expect((await lockstep(example, replay)).stdout).toContain('"replayed"')
    store.release(refused)
    await settled()
  })

  it('comes to the same when everything is read again', async () => {
    await flow?.[Symbol.asyncDispose]()
    flow = undefined
    const attempts = async (): Promise<number> => {
      const sql = `select min(attempts) as tries from ${target.stateTable('dead_letters')} where state = 'dead' and flow = 'quotes'`
      return Number((await target.run(sql))[0]?.['tries'])
    }
    const before = await attempts()
    await target.run(`delete from ${target.stateTable('checkpoints')}`)
    const last = randomUUID()
    await store.append(last, [started(last)])
    flow = running(example)
    await expect.poll(attempts, { timeout: 40_000 }).toBeGreaterThan(before)
    await settled()
  })
})
