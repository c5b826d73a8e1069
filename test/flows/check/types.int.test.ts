import { mysql } from 'lockstep/mysql'
import { postgres } from 'lockstep/postgres'
import { describe, expect, it } from 'vitest'
import { agree } from '../../../src/compare/agree.js'
import type { TableRef } from '../../../src/core/database.js'
import { type Row, type Table, WHOLE_TABLE } from '../../../src/core/table.js'
import { testMariadb } from '../../support/mariadb.js'
import { testDatabase } from '../../support/postgres.js'
import { MariadbStore, PostgresStore, type Store } from './stores.js'
import { POSTGRES_MARIADB, type TypePair } from './type-pairs.js'
import { RandomValues } from './values.js'

const POSTGRES = testDatabase('a')
const MARIADB = testMariadb()
const signal = AbortSignal.timeout(600_000)

const ROWS = 10_000
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

describe(`values of two engines are the same text and the same digest (SEED=${SEED})`, () => {
  const table = (of: string, at: number): string => `${of}_${at}`

  it.for(POSTGRES_MARIADB.map((pair, at) => ({ ...pair, at })))('PostgreSQL $left, MariaDB $right', async (pair) => {
    await using databases = {
      left: postgres(POSTGRES.url),
      right: mysql(MARIADB.url),
      [Symbol.asyncDispose]: async () => {
        await Promise.all([databases.left[Symbol.asyncDispose](), databases.right[Symbol.asyncDispose]()])
      },
    }
    await using left = await PostgresStore.open(POSTGRES.url)
    await using right = await MariadbStore.open(MARIADB.url)
    const name = table('pair', pair.at)
    await fill({ left, right }, name, { left: 'integer', right: 'int', pair })
    await expectEqual(databases.left.table(name), databases.right.table(name))
  })
})

interface Sides {
  readonly left: Store
  readonly right: Store
}

async function fill(sides: Sides, name: string, of: { left: string; right: string; pair: TypePair }): Promise<void> {
  const random = new RandomValues(SEED)
  const { pair } = of
  const values = Array.from({ length: ROWS }, (_, id) => ({
    id: String(id),
    value: id % 50 === 0 ? null : pair.make(random),
  }))
  const columns = (side: 'left' | 'right') => [
    { name: 'id', type: of[side] },
    { name: 'value', type: pair[side] },
  ]
  const onRight = pair.onRight ?? ((text: string) => text)
  await sides.left.create(name, columns('left'))
  await sides.left.insert(
    name,
    columns('left'),
    values.map(({ id, value }) => [id, value]),
  )
  await sides.right.create(
    name,
    columns('right').map((column) => ({ ...column, type: nullable(column) })),
  )
  await sides.right.insert(
    name,
    columns('right'),
    values.map(({ id, value }) => [id, value === null ? null : onRight(value)]),
  )
}

/** MariaDB fills a `timestamp` by itself unless it may be NULL. */
function nullable({ name, type }: { readonly name: string; readonly type: string }): string {
  return name === 'id' || type.includes('charset') ? type : `${type} null`
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
    expect(await agreed.left.digests([WHOLE_TABLE], depth, signal)).toEqual(
      await agreed.right.digests([WHOLE_TABLE], depth, signal),
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
