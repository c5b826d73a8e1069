import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeTable, type PostgresTableInfo } from '../../../src/adapters/postgres/catalog/catalog.js'
import { type PostgresDatabase, postgres } from '../../../src/adapters/postgres/index.js'
import type { ColumnarRows } from '../../../src/adapters/postgres/rows/columnar.js'
import { columnarSelect, readColumnar } from '../../../src/adapters/postgres/rows/columnar-sql.js'
import { rowWriter } from '../../../src/adapters/postgres/rows/writer.js'
import type { Items } from '../../../src/core/batch.js'
import type { Row } from '../../../src/core/table.js'
import { type PlainClient, plainClient, testDatabase } from '../../support/postgres.js'
import { TYPE_CASES, TYPE_SETUP, type TypeCase } from './type-matrix.js'

const signal = AbortSignal.timeout(240_000)

async function read(database: PostgresDatabase, info: PostgresTableInfo): Promise<ColumnarRows> {
  const [row] = await database.session.execute(
    sql`select ${columnarSelect(info.columns)} from ${sql.raw(info.qualified)} t`,
  )
  return readColumnar(info.columns, row)
}

async function write(database: PostgresDatabase, info: PostgresTableInfo, items: Items<Row>): Promise<void> {
  await using sink = rowWriter(database, info, {
    flow: 'f',
    rule: 'keep-both',
    wrote: () => {},
    conflicts: () => expect.fail('a conflict'),
  })
  await sink.write({ lane: 'l', position: undefined, items }, { flow: 'f', attempt: 1, expected: undefined, signal })
}

const infoOf = (database: PostgresDatabase, table: string): Promise<PostgresTableInfo> =>
  describeTable(database.session, { table, name: table, database: database.label, options: {} }, signal)

async function setUp(client: PlainClient): Promise<ReadonlySet<string>> {
  await client.query(TYPE_SETUP)
  const features = new Set<string>()
  const { rows } = await client.query(`select name from pg_available_extensions where name in ('hstore', 'citext')`)
  for (const { name } of rows) {
    await client.query(`create extension ${name}`)
    features.add(name)
  }
  const xml = await client.query(`select 'x'::xml`).catch(() => undefined)
  if (xml !== undefined) features.add('xml')
  return features
}

function available(cases: readonly TypeCase[], features: ReadonlySet<string>): readonly TypeCase[] {
  return cases.filter(({ needs }) => needs === undefined || features.has(needs))
}

const tableOf = (cases: readonly TypeCase[]): string =>
  `create table every_type (id int primary key, ${cases.map(({ type }, index) => `v${index} ${type}`).join(', ')})`

describe('every column type', () => {
  const left = testDatabase('a')
  const right = testDatabase('b')
  const cases: TypeCase[] = []

  beforeAll(async () => {
    await using a = await plainClient(left.url)
    await using b = await plainClient(right.url)
    const features = await setUp(a)
    expect(await setUp(b)).toEqual(features)
    cases.push(...available(TYPE_CASES, features))
    await a.query(tableOf(cases))
    await b.query(tableOf(cases))
    const depth = Math.max(...cases.map(({ values }) => values.length))
    for (let row = 0; row <= depth; row++) {
      const values = cases.map(({ type, values: given }) =>
        given[row] === undefined ? 'null' : `(${given[row]})::${type}`,
      )
      await a.query(`insert into every_type values (${row}, ${values.join(', ')})`)
    }
  })

  const texts = async (url: string): Promise<readonly unknown[]> => {
    await using client = await plainClient(url)
    return (await client.query({ text: 'select t::text from every_type t order by id', rowMode: 'array' })).rows
  }

  it('goes from server to server unchanged, unparsed and parsed', async () => {
    await using a = postgres(left.url)
    await using b = postgres(right.url)
    const rows = await read(a, await infoOf(a, 'every_type'))
    const expected = await texts(left.url)
    expect(expected.length).toBeGreaterThan(10)

    await write(b, await infoOf(b, 'every_type'), rows)
    expect(await texts(right.url)).toEqual(expected)

    await b.session.execute(sql`truncate every_type`)
    await write(b, await infoOf(b, 'every_type'), [...rows])
    expect(await texts(right.url)).toEqual(expected)
    // Once more: all rows are there, and none may look different.
    await write(b, await infoOf(b, 'every_type'), rows)
  })

  it('has the type name that the server prints, and its own rules', async () => {
    await using a = postgres(left.url)
    const info = await infoOf(a, 'every_type')
    const named = info.columns
      .slice(1)
      .map(({ type, transport, hashable }) => `${type}: ${transport}${hashable ? ', hashable' : ''}`)
    expect(info.columns.slice(1).map(({ type }) => type)).toEqual(cases.map(({ type }) => type))
    expect(named).toMatchSnapshot()
  })

  it('has equal hashes for equal text only where it is called hashable', async () => {
    await using a = postgres(left.url)
    await using client = await plainClient(left.url)
    for (const { name, type, hashable } of (await infoOf(a, 'every_type')).columns) {
      if (!hashable) continue
      const { rows } = await client.query(
        `select x."${name}"::text as l, y."${name}"::text as r from every_type x, every_type y
         where (hash_record_extended(row(x."${name}"), 0) = hash_record_extended(row(y."${name}"), 0)) is distinct from
           (x."${name}"::text is not distinct from y."${name}"::text)`,
      )
      expect(rows, type).toEqual([])
    }
  })

  it('holds any text, whatever array syntax it looks like', async () => {
    await using a = postgres(left.url)
    await using b = postgres(right.url)
    await using source = await plainClient(left.url)
    await using target = await plainClient(right.url)
    for (const client of [source, target])
      await client.query('create table texts (id int primary key, v text, d short)')
    const [from, to] = [await infoOf(a, 'texts'), await infoOf(b, 'texts')]
    const unit = fc.oneof(
      fc.constantFrom('"', '\\', '{', '}', ',', ' ', '\n', 'N', 'U', 'L'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    const text = fc.option(fc.array(unit).map((units) => units.join('').replaceAll('\0', '')))
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 20 }), async (values) => {
        for (const client of [source, target]) await client.query('truncate texts')
        const rows = values.map((value, index): Row => [String(index), value, value === null ? null : '{"\\'])
        await write(a, from, rows)
        const passing = await read(a, from)
        expect(new Map([...passing].map(([id, v]) => [id, v]))).toEqual(new Map(rows.map(([id, v]) => [id, v])))
        await write(b, to, passing)
        const stored = await target.query({
          text: 'select id::text, v, d from texts order by texts.id',
          rowMode: 'array',
        })
        expect(stored.rows).toEqual(rows)
      }),
      { numRuns: 30 },
    )
  })

  it('is refused, not cut, when it is too long for the column', async () => {
    await using a = postgres(left.url)
    await using client = await plainClient(left.url)
    await client.query('create table narrow (id int primary key, v varchar(3), d short, a varchar(3)[], b bit(3))')
    const info = await infoOf(a, 'narrow')
    const tooLong: Row[] = [
      ['1', 'abcd', null, null, null],
      ['1', null, 'abcdef', null, null],
      ['1', null, null, '{abcd}', null],
      ['1', null, null, null, '1011'],
    ]
    for (const row of tooLong) await expect(write(a, info, [row])).rejects.toMatchObject({ name: 'DataError' })
  })
})
