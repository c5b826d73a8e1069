import { randomUUID } from 'node:crypto'
import { postgres } from '../../../src/adapters/postgres/database.js'
import type { Row, Table } from '../../../src/core/table.js'
import { type TableHarness, tableContract } from '../../contracts/table.js'
import { type PlainClient, plainClient, testDatabase } from '../../support/postgres.js'

const A = testDatabase('a')
const B = testDatabase('b')

tableContract('postgres', open)

async function open(rows: readonly Row[]): Promise<TableHarness> {
  const left = postgres(A.url)
  const right = postgres(B.url)
  const client = await plainClient(A.url)
  const name = `contract_${randomUUID().replaceAll('-', '')}`
  await make(client, name, rows)
  const signal = AbortSignal.timeout(240_000)
  return {
    table: await left.table(name).open(signal),
    put: (changed) => insert(client, name, changed),
    remove: async (ids) => {
      await client.query(`delete from ${name} where id = any ($1)`, [ids])
    },
    twin: async (others): Promise<Table> => {
      await using oracle = await plainClient(B.url)
      await make(oracle, name, others)
      return right.table(name).open(signal)
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([left[Symbol.asyncDispose](), right[Symbol.asyncDispose](), client.end()])
    },
  }
}

async function make(client: PlainClient, name: string, rows: readonly Row[]): Promise<void> {
  await client.query(`create table ${name} (id uuid primary key, a text not null, b text)`)
  await insert(client, name, rows)
}

async function insert(client: PlainClient, name: string, rows: readonly Row[]): Promise<void> {
  const columns = [0, 1, 2].map((index) => rows.map((row) => row[index]))
  const update = 'on conflict (id) do update set a = excluded.a, b = excluded.b'
  await client.query(`insert into ${name} select * from unnest($1::uuid[], $2::text[], $3::text[]) ${update}`, columns)
}
