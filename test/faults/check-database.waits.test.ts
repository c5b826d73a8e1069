import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgres } from '../../src/adapters/postgres/index.js'
import { EXIT } from '../../src/core/errors.js'
import type { CheckReport, Flow } from '../../src/core/flow.js'
import type { FlowEvent } from '../../src/core/observer.js'
import { check } from '../../src/flows/check/check.js'
import type { CheckTablesOptions } from '../../src/flows/check/check-tables.js'
import { type CheckedDatabase, type Gated, gatedMariadb, gatedPostgres } from '../support/check/gated-check.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { testDatabase } from '../support/postgres.js'
import { query } from '../support/sql.js'

/** What a database suffers while a check is in the middle of reading it: the right verdict in the end, or none; never a wrong one. */
const ROWS = 10_000
const LIMITS = { connectMs: 1_500, statementMs: 4_000, insecureTls: 'plaintext' as const }
/** Of a pass that no statement's deadline ends. */
const WATCH = { everyMs: 300, misses: 2 }

const mine = testDatabase()

const GATED = [
  { name: 'PostgreSQL', start: gatedPostgres, deaf: 'client' as const },
  { name: 'MariaDB', start: gatedMariadb, deaf: 'server' as const },
]

beforeAll(async () => {
  await query(
    mine.url,
    `create table orders (id bigint primary key, v varchar(40));
     insert into orders select i, 'v' || i from generate_series(1, ${ROWS}) i;
     create table blobs (id bigint primary key, n int not null);
     insert into blobs select i, 1 from generate_series(1, ${ROWS}) i; update blobs set n = 4 where id = 17`,
  )
})

/** The other side of `orders`, with differences of each kind, and the references to `blobs`, one of them to none. */
const OTHER = `create table orders (id bigint primary key, v varchar(40));
  insert into orders select i, concat('v', i) from numbers where i % 1000 <> 1;
  update orders set v = 'other' where id % 1000 = 999;
  insert into orders values (20001, 'new'), (20002, 'new');
  create table refs (id int primary key, blob_id bigint);
  insert into refs select i, i from numbers;
  insert into refs values (20001, 30000)`

const FOUND = {
  tables: { verdict: 'different', missingRight: 10, missingLeft: 2, changed: 10, unstable: 0 },
  references: { verdict: 'different', mismatch: 1, orphan: 1, unreferenced: 0, total: ROWS + 1 },
}

describe.each(GATED)('a check of stored numbers and one of tables, when $name', ({ start, deaf }) => {
  let gated: Gated
  beforeAll(async () => {
    gated = await start()
    const numbers = `create table numbers (i int primary key); insert into numbers
      with recursive n (i) as (select 1 union all select i + 1 from n where i < 900) select i from n;`
    const more = `insert into numbers select i + 900 * k from numbers join (select i as k from numbers where i < 12) as times
      on true where i + 900 * k <= ${ROWS};`
    await gated.sql(`${numbers} ${more} ${OTHER}`)
  })
  afterAll(() => gated[Symbol.asyncDispose]())
  beforeEach(async () => {
    await gated.sql(`grant select on orders to ${gated.reader}`)
    await gated.sql(`grant select on refs to ${gated.reader}`)
  })

  interface Checking {
    readonly events: Readonly<Record<'tables' | 'references', FlowEvent[]>>
    /** Of the keys that were told to differ. */
    readonly keys: string[]
    readonly tables: Promise<CheckReport | undefined>
    readonly references: Promise<CheckReport | undefined>
  }

  function begin(other: CheckedDatabase, patienceMs = 120_000): Checking & AsyncDisposable {
    const own = postgres(mine.url)
    const stop = new AbortController()
    const events: Checking['events'] = { tables: [], references: [] }
    const keys: string[] = []
    const options: CheckTablesOptions = {
      ...{ patienceMs, watch: WATCH },
      difference: ({ key }) => void keys.push(key.join()),
    }
    const run = async (name: keyof typeof events, flow: Flow): Promise<CheckReport | undefined> => {
      const observer = (event: FlowEvent): void => void events[name].push(event)
      return flow.check?.({ name, observer, drain: stop.signal, abort: stop.signal, untilCaughtUp: true }, options)
    }
    const tables = run(
      'tables',
      check.tables({
        left: own.table('orders'),
        right: other.table('orders'),
        where: { right: 'gate(id)' },
        settleMs: 100,
      }),
    )
    const references = run(
      'references',
      check.references({
        master: own.table('blobs').column('n'),
        references: [other.table('refs').column('blob_id', { where: 'gate(id)' })],
        settleMs: 100,
      }),
    )
    for (const each of [tables, references]) each.catch(() => undefined)
    return {
      ...{ events, keys, tables, references },
      async [Symbol.asyncDispose]() {
        stop.abort()
        await Promise.allSettled([tables, references])
        await Promise.all([own[Symbol.asyncDispose](), other[Symbol.asyncDispose]()])
      },
    }
  }

  async function red({ events }: Checking): Promise<void> {
    for (const each of Object.values(events)) {
      const reds = (): boolean => each.some((event) => event.type === 'health' && !event.healthy)
      await expect.poll(reds, { timeout: 120_000 }).toBe(true)
      expect(each.filter(({ type }) => type === 'verdict')).toEqual([])
    }
  }

  async function expectRight({ tables, references, keys }: Checking): Promise<void> {
    expect(await references).toMatchObject(FOUND.references)
    expect(await tables).toMatchObject(FOUND.tables)
    expect(new Set(keys).size).toBe(22)
    expect(keys).toHaveLength(22)
  }

  /** Both checks stand still in the middle of what they read; `goOn` lets them. */
  async function inTheMiddle(
    url: string,
    work: (checking: Checking, goOn: () => Promise<void>) => Promise<void>,
    patienceMs?: number,
  ): Promise<void> {
    const holder = await gated.hold()
    await using checking = begin(gated.open(url, LIMITS), patienceMs)
    const goOn = (): Promise<void> => Promise.resolve(holder[Symbol.asyncDispose]())
    try {
      const { tables, references } = checking
      const early = Promise.race([tables, references]).then((report) => expect.fail(`it ended: ${report?.verdict}`))
      await Promise.race([expect.poll(() => gated.waiting(), { timeout: 60_000 }).toBe(2), early])
      await work(checking, goOn)
    } finally {
      await goOn()
    }
  }

  test('is killed with -9 in the middle, and comes back: the right verdict, each difference told once', () =>
    inTheMiddle(gated.url, async (checking) => {
      // The gate dies with it.
      await gated.server.kill()
      await red(checking)
      await gated.server.start()
      await expectRight(checking)
    }))

  test('is frozen in the middle, and thaws: the same', () =>
    inTheMiddle(gated.url, async (checking, goOn) => {
      await gated.server.freeze(true)
      await red(checking)
      await gated.server.freeze(false)
      await goOn()
      await expectRight(checking)
    }))

  test('is at the end of a half-open link, which heals: the same', async () => {
    await using proxy = await FaultProxy.start(gated.url)
    await inTheMiddle(proxy.url, async (checking, goOn) => {
      await proxy.set({ kind: 'half-open', deaf })
      await goOn()
      await red(checking)
      await proxy.set({ kind: 'none' })
      await expectRight(checking)
    })
  })

  const asReader = (): string => gated.url.replace(/\/\/\w+@/, '//reader@')

  test('takes the right to read away in the middle: refused by name, with the GRANT, and no verdict', () =>
    inTheMiddle(asReader(), async ({ tables, references, events }, goOn) => {
      for (const table of ['orders', 'refs']) await gated.sql(`revoke select on ${table} from ${gated.reader}`)
      await gated.cut()
      await goOn()
      const refused = { code: 'permission-denied', exitCode: EXIT.config, fix: expect.stringContaining('GRANT') }
      await expect(tables).rejects.toMatchObject(refused)
      await expect(references).rejects.toMatchObject(refused)
      expect(Object.values(events).flatMap((each) => each.filter(({ type }) => type === 'verdict'))).toEqual([])
    }))

  test('refuses its login in the middle: unverified, never same', () =>
    inTheMiddle(
      asReader(),
      async ({ tables, references, keys }, goOn) => {
        await gated.sql(gated.lockOut)
        try {
          await gated.cut()
          await goOn()
          expect(await tables).toMatchObject({ verdict: 'unverified' })
          expect(await references).toMatchObject({ verdict: 'unverified' })
          expect(keys).toEqual([])
        } finally {
          await gated.sql(gated.letIn)
        }
      },
      500,
    ))
})
