import { describe, expect, it } from 'vitest'
import type { TableOptions } from '../../../src/core/database.js'
import type { TablesCheck } from '../../../src/flows/check/tables.js'
import { type CheckedDatabase, checkSides, type Engine, type Outcome, runCheck, type Side } from './sides.js'
import type { Cell, StoredColumn } from './stores.js'
import { RandomValues } from './values.js'

const side = checkSides()
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const ROWS = 5_000

const COLUMNS = {
  postgres:
    'id bigint, name text, price numeric(12,2), total numeric(20,0), at timestamptz, day date, token uuid, data bytea, active boolean, weight double precision',
  mariadb:
    'id bigint, name varchar(200) collate utf8mb4_bin, price decimal(14,4), total bigint unsigned, at datetime(6), day date, token binary(16), data blob, active tinyint(1), weight double',
  sqlite:
    'id integer, name text, price numeric, total text, at text, day date, token text, data blob, active boolean, weight real',
} as const

function columnsOf(engine: Engine): readonly StoredColumn[] {
  return COLUMNS[engine].split(/, (?=[a-z]+ [a-z])/).map((text) => {
    const at = text.indexOf(' ')
    return { name: text.slice(0, at), type: text.slice(at + 1) }
  })
}

function rowsOf(): readonly (readonly Cell[])[] {
  const random = new RandomValues(SEED)
  const maybe = (value: string): Cell => (random.below(10) === 0 ? null : value)
  return Array.from({ length: ROWS }, (_, id) => [
    String(id + 1),
    maybe(random.text(20)),
    `${random.below(1_000_000)}.${random.digits(2)}`,
    maybe(random.integer(0n, 2n ** 64n - 1n)),
    `${random.moment(5)}1`,
    maybe(random.day()),
    maybe(random.uuid()),
    maybe(random.hex(random.below(40))),
    maybe(random.bits(1)),
    maybe(random.double()),
  ])
}

function given(engine: Engine, row: readonly Cell[]): readonly Cell[] {
  if (engine === 'postgres') return row
  return row.map((cell, at) => (at === 6 && cell !== null && engine === 'mariadb' ? cell.replaceAll('-', '') : cell))
}

/** The smallest changes there are, each to a row of its own; `id` of the row, then the statement on the right. */
const CHANGES: Readonly<Record<string, Readonly<Record<Engine, string>>>> = {
  '11': every('update orders set price = price + 0.01 where id = 11'),
  '12': every(`update orders set name = 'Case' where id = 12`),
  '13': every(`update orders set name = 'space ' where id = 13`),
  '14': {
    postgres: `update orders set at = at + interval '1 microsecond' where id = 14`,
    mariadb: 'update orders set at = at + interval 1 microsecond where id = 14',
    sqlite: `update orders set at = substr(at, 1, 25) || '2' where id = 14`,
  },
  '15': every(`update orders set name = '' where id = 15`),
  '16': {
    postgres: `update orders set data = '\\x00' where id = 16`,
    mariadb: `update orders set data = x'00' where id = 16`,
    sqlite: `update orders set data = x'00' where id = 16`,
  },
  '17': every('update orders set active = null where id = 17'),
  '18': every(`update orders set day = '2024-02-29' where id = 18`),
  '19': every('update orders set weight = 0.30000000000000004 where id = 19'),
  '20': {
    postgres: `update orders set total = 18446744073709551614 where id = 20`,
    mariadb: `update orders set total = 18446744073709551614 where id = 20`,
    sqlite: `update orders set total = '18446744073709551614' where id = 20`,
  },
}

function every(statement: string): Readonly<Record<Engine, string>> {
  return { postgres: statement, mariadb: statement, sqlite: statement }
}

/** What these rows hold on both sides before. */
const BEFORE = [
  `update orders set name = 'case' where id = 12`,
  `update orders set name = 'space' where id = 13`,
  `update orders set name = null where id = 15`,
  `update orders set data = null where id = 16`,
  'update orders set active = active where id = 17',
  `update orders set day = '2024-02-28' where id = 18`,
  'update orders set weight = 0.3 where id = 19',
]

const PAIRS: readonly (readonly [Engine, Engine])[] = [
  ['mariadb', 'mariadb'],
  ['postgres', 'mariadb'],
  ['mariadb', 'postgres'],
  ['postgres', 'sqlite'],
  ['sqlite', 'mariadb'],
  ['sqlite', 'sqlite'],
]

describe(`check.tables across engines (SEED=${SEED})`, () => {
  it.each(PAIRS)('%s and %s: equal tables are the same, and each planted difference is found', async (one, other) => {
    await using left = await side(one, 'left')
    await using right = await side(other, 'right')
    await fill(left)
    await fill(right)

    const equal = await run(left.database, right.database)
    expect(equal.found).toEqual(new Map())
    expect(equal.report).toMatchObject({ verdict: 'same', rows: { left: BigInt(ROWS), right: BigInt(ROWS) } })

    const expected = new Map(Object.keys(CHANGES).map((id) => [id, 'changed']))
    await left.store.run('update orders set active = true where id = 17')
    for (const statements of Object.values(CHANGES)) await right.store.run(statements[other])
    await right.store.run('delete from orders where id in (1, 2500)')
    await left.store.run('delete from orders where id in (3, 5000)')
    for (const id of ['1', '2500']) expected.set(id, 'missing-right')
    for (const id of ['3', '5000']) expected.set(id, 'missing-left')
    const different = await run(left.database, right.database)
    expect(different.report.verdict).toBe('different')
    expect(new Map([...different.found].sort())).toEqual(new Map([...expected].sort()))
  })
})

describe('what is compared', () => {
  it('pairs columns of other names, and leaves out ignored ones', async () => {
    await using left = await side('postgres', 'left')
    await using right = await side('mariadb', 'right')
    await left.store.run(
      'drop table if exists people; create table people (id int primary key, name text, seen timestamptz not null)',
    )
    await right.store.run('drop table if exists persons')
    await right.store.run(
      'create table persons (person_id bigint primary key, full_name varchar(50), seen datetime(3), extra int not null)',
    )
    await left.store.run(
      `insert into people values (1, 'Ann', '2024-01-01 00:00:00.123456Z'), (2, 'Bob', '2024-01-02')`,
    )
    await right.store.run(
      `insert into persons values (1, 'Ann', '2024-01-01 00:00:00.123', 7), (2, 'bob', '2024-01-02', 8)`,
    )
    const options = { columns: { id: 'person_id', name: 'full_name' } }
    const { report, found } = await run(left.database, right.database, {
      ...options,
      names: ['people', 'persons'],
      right: { ignore: ['extra'] },
    })
    expect(found).toEqual(new Map([['2', 'changed']]))
    expect(report).toMatchObject({
      columns: ['id', 'name', 'seen'],
      notes: [expect.stringMatching(/^seen is compared as moment to 3 digits of the second/)],
    })
  })

  it('refuses types without a common form, naming column, types and cure', async () => {
    await using left = await side('postgres', 'left')
    await using right = await side('mariadb', 'right')
    await left.store.run(
      'drop table if exists odd; create table odd (id int primary key, doc jsonb, size real, only_here int)',
    )
    await right.store.run('drop table if exists odd')
    await right.store.run('create table odd (id int primary key, doc json, size double)')
    await expect(run(left.database, right.database, { names: ['odd', 'odd'] })).rejects.toMatchObject({
      code: 'tables-not-comparable',
      key: 'flows.same',
      message: expect.stringMatching(
        /doc is jsonb left and longtext right.*size is real left and double right.*only_here is only on the left/s,
      ),
      fix: expect.stringContaining('ignore'),
    })
  })

  it('refuses a key that MySQL does not tell apart by case', async () => {
    await using left = await side('postgres', 'left')
    await using right = await side('mariadb', 'right')
    await left.store.run('drop table if exists codes; create table codes (code varchar(9) primary key)')
    await right.store.run('drop table if exists codes')
    await right.store.run('create table codes (code varchar(9) collate utf8mb4_general_ci primary key)')
    await expect(run(left.database, right.database, { names: ['codes', 'codes'] })).rejects.toMatchObject({
      code: 'key-collation',
      message: expect.stringContaining('utf8mb4_general_ci'),
    })
  })

  it('takes numbers within the tolerance for the same', async () => {
    await using left = await side('postgres', 'left')
    await using right = await side('mariadb', 'right')
    const rows = `insert into prices values (1, 1.10, 0.5), (2, 2.00, 0.5), (3, 3.00, 0.5)`
    for (const { store, engine } of [left, right]) {
      await store.run('drop table if exists prices')
      const double = engine === 'postgres' ? 'double precision' : 'double'
      await store.run(`create table prices (id int primary key, price decimal(12,2), weight ${double})`)
      await store.run(rows)
    }
    await right.store.run('update prices set price = price + 0.01, weight = weight + 1e-9 where id = 1')
    await right.store.run('update prices set price = price + 0.02 where id = 2')
    await right.store.run('update prices set weight = null where id = 3')
    const tolerance = { price: 0.01, weight: 1e-6 }
    const { found } = await run(left.database, right.database, { names: ['prices', 'prices'], tolerance })
    expect([...found.keys()].sort()).toEqual(['2', '3'])
    const wrong = { names: ['prices', 'prices'], tolerance: { cost: 1 } } as const
    await expect(run(left.database, right.database, wrong)).rejects.toMatchObject({ key: 'flows.same.tolerance.cost' })
  })

  it('tells zero dates from every other date', async () => {
    await using left = await side('mariadb', 'left')
    await using right = await side('mariadb', 'right')
    for (const { store } of [left, right]) {
      await store.run('drop table if exists dates')
      await store.run('create table dates (id int primary key, day date, at datetime)')
      await store.run(`set sql_mode = ''`)
      await store.run(
        `insert into dates values (1, '0000-00-00', '0000-00-00'), (2, '0000-00-00', null), (3, null, '2024-02-00')`,
      )
    }
    expect((await run(left.database, right.database, { names: ['dates', 'dates'] })).found).toEqual(new Map())
    await right.store.run('update dates set day = null where id = 2')
    const { found } = await run(left.database, right.database, { names: ['dates', 'dates'] })
    expect(found).toEqual(new Map([['2', 'changed']]))
  })
})

async function fill({ engine, store }: Side): Promise<void> {
  await store.run('drop table if exists orders')
  await store.create('orders', columnsOf(engine))
  await store.insert(
    'orders',
    columnsOf(engine),
    rowsOf().map((row) => given(engine, row)),
  )
  for (const statement of BEFORE) await store.run(statement)
}

interface Run extends Pick<TablesCheck, 'columns' | 'tolerance'> {
  readonly names?: readonly [string, string]
  readonly right?: TableOptions
}

function run(
  left: CheckedDatabase,
  right: CheckedDatabase,
  { names = ['orders', 'orders'], right: options, ...rest }: Run = {},
): Promise<Outcome> {
  return runCheck(left.table(names[0]), right.table(names[1], options), rest)
}
