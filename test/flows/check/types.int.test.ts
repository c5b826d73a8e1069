import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { sqlite } from 'lockstep/sqlite'
import { describe, expect, it } from 'vitest'
import { agree } from '../../../src/compare/agree.js'
import type { Database, TableRef } from '../../../src/core/database.js'
import { type Row, type Table, WHOLE_TABLE } from '../../../src/core/table.js'
import { DatabaseFile } from '../../adapters/sqlite/file.js'
import { testMariadb } from '../../support/mariadb.js'
import { testDatabase } from '../../support/postgres.js'
import { MariadbStore, PostgresStore, SqliteStore, type Store } from './stores.js'
import { MARIADB_MARIADB, MARIADB_SQLITE, POSTGRES_MARIADB, POSTGRES_SQLITE, type TypePair } from './type-pairs.js'
import { RandomValues } from './values.js'

const POSTGRES = testDatabase('a')
const MARIADB = testMariadb()
const signal = AbortSignal.timeout(600_000)

const ROWS = 10_000
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

describe(`values of two engines are the same text and the same digest (SEED=${SEED})`, () => {
  it.for(numbered(POSTGRES_MARIADB))('PostgreSQL $left, MariaDB $right', async (pair) => {
    await expectPair(pair, await inPostgres(), await inMariadb())
  })

  it.for(numbered(POSTGRES_SQLITE))('PostgreSQL $left, SQLite $right', async (pair) => {
    await expectPair(pair, await inPostgres(), await inSqlite())
  })

  it.for(numbered(MARIADB_SQLITE))('MariaDB $left, SQLite $right', async (pair) => {
    await expectPair(pair, await inMariadb(), await inSqlite())
  })

  it.for(numbered(MARIADB_MARIADB))('MariaDB $left and $right', async (pair) => {
    await expectPair(pair, await inMariadb(), await inMariadb())
  })
})

type NumberedPair = TypePair & { readonly at: number }

function numbered(pairs: readonly TypePair[]): readonly NumberedPair[] {
  return pairs.map((pair, at) => ({ ...pair, at }))
}

interface Place extends AsyncDisposable {
  readonly store: Store
  readonly database: Database
  /** Of a key. */
  readonly integer: string
}

const inPostgres = async (): Promise<Place> =>
  place(await PostgresStore.open(POSTGRES.url), postgres(POSTGRES.url), 'integer')
const inMariadb = async (): Promise<Place> => place(await MariadbStore.open(MARIADB.url), mysql(MARIADB.url), 'int')

async function inSqlite(): Promise<Place> {
  const file = await DatabaseFile.make()
  const opened = place(new SqliteStore(file.path), sqlite(file.path), 'integer')
  return {
    ...opened,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]()
      await file[Symbol.asyncDispose]()
    },
  }
}

function place(store: Store, database: Database, integer: string): Place {
  return {
    store,
    database,
    integer,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

async function expectPair(pair: NumberedPair, one: Place, other: Place): Promise<void> {
  await using left = one
  await using right = other
  const names = { left: `left_${pair.at}`, right: `right_${pair.at}` }
  for (const { name, side } of [
    { name: names.left, side: left },
    { name: names.right, side: right },
  ]) {
    await side.store.run(`drop table if exists ${name}`)
  }
  await fill({ left, right }, names, pair)
  await expectEqual(left.database.table(names.left), right.database.table(names.right))
}

interface Sides {
  readonly left: Place
  readonly right: Place
}

async function fill(
  sides: Sides,
  names: { readonly left: string; readonly right: string },
  pair: TypePair,
): Promise<void> {
  const random = new RandomValues(SEED)
  const values = Array.from({ length: ROWS }, (_, id) => ({
    id: String(id),
    value: id % 50 === 0 ? null : pair.make(random),
  }))
  for (const side of ['left', 'right'] as const) {
    const given = (side === 'left' ? pair.onLeft : pair.onRight) ?? ((text: string) => text)
    const columns = [
      { name: 'id', type: sides[side].integer },
      { name: 'value', type: pair[side] },
    ]
    const { store } = sides[side]
    await store.create(
      names[side],
      columns.map((column) => ({ ...column, type: nullable(column) })),
    )
    await store.insert(
      names[side],
      columns,
      values.map(({ id, value }) => [id, value === null ? null : given(value)]),
    )
  }
}

/** MariaDB fills a `timestamp` by itself unless it may be NULL. */
function nullable({ name, type }: { readonly name: string; readonly type: string }): string {
  return name === 'id' || !type.startsWith('timestamp(') ? type : `${type} null`
}

async function expectEqual(left: TableRef, right: TableRef): Promise<void> {
  const [one, other] = await Promise.all([left.openCanonical?.(signal), right.openCanonical?.(signal)])
  if (one === undefined || other === undefined) throw new Error('both have a canonical form')
  const agreed = agree(one, other, { key: 'test' })
  expect(agreed.left.hashing).toBe(agreed.right.hashing)
  const rows = { left: await all(agreed.left), right: await all(agreed.right) }
  expect(rows.left.length).toBe(ROWS)
  const differing = rows.left.filter((row, at) => JSON.stringify(row) !== JSON.stringify(rows.right[at]))
  expect(differing.slice(0, 5)).toEqual(differing.slice(0, 5).map(([id]) => rows.right.find((row) => row[0] === id)))
  expect(new Set(rows.left.map((row) => row[1])).size, 'there are values').toBeGreaterThan(1)
  for (const depth of [0, 6]) {
    expect(await agreed.left.digests([WHOLE_TABLE], depth, { signal })).toEqual(
      await agreed.right.digests([WHOLE_TABLE], depth, { signal }),
    )
  }
  const keys = [['7'], ['8'], ['999999']]
  const found = { left: await agreed.left.lookup(keys, signal), right: await agreed.right.lookup(keys, signal) }
  expect(sorted(found.left)).toEqual(sorted(found.right))
  expect(found.left.length).toBe(2)
}

async function all(table: Table): Promise<readonly Row[]> {
  const rows: Row[] = []
  for await (const page of table.scan([WHOLE_TABLE], signal)) rows.push(...page)
  return sorted(rows)
}

function sorted(rows: readonly Row[]): readonly Row[] {
  return [...rows].sort((one, other) => Number(one[0]) - Number(other[0]))
}
