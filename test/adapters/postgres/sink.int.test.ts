import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { describeTable } from '../../../src/adapters/postgres/catalog/catalog.js'
import { postgres } from '../../../src/adapters/postgres/index.js'
import { rowWriter } from '../../../src/adapters/postgres/rows/writer.js'
import type { Row } from '../../../src/core/table.js'
import type { EmbeddedServer } from '../../../src/embedded/server.js'
import { type SinkHarness, sinkContract } from '../../contracts/sink.js'
import { dedicatedServer, FAST_SETTINGS, plainClient } from '../../support/postgres.js'

const servers: EmbeddedServer[] = []

beforeAll(async () => {
  servers.push(await dedicatedServer({ settings: FAST_SETTINGS }))
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
})

const identify = (row: Row): string => JSON.stringify(row)

async function open(): Promise<SinkHarness<Row>> {
  const [server] = servers
  if (server === undefined) throw new Error('the server did not start')
  const name = `contract_${randomUUID().replaceAll('-', '')}`
  {
    await using admin = await plainClient(server.url())
    await admin.query(`create database ${name}`)
  }
  const url = server.url(name)
  {
    await using oracle = await plainClient(url)
    await oracle.query(
      'create table records (id int, part text, body jsonb, n int check (n >= 0), primary key (id, part))',
    )
  }
  const database = postgres(url)
  const signal = AbortSignal.timeout(240_000)
  await database.state.prepare(signal)
  const request = { table: 'records', name: 'records', database: database.label, options: {} }
  const info = await describeTable(database.session, request, signal)
  return {
    sink: rowWriter(database, info, { flow: 'contract', rule: 'keep-both', wrote: () => {}, conflicts: () => {} }),
    make: (index) => [String(index), `part "${index}"`, `{"index": ${index}}`, '1'],
    makeBad: (index) => [String(index), 'bad', null, '-1'],
    identify,
    stored: async () => {
      await using oracle = await plainClient(url)
      const rows = await oracle.query<string[]>({
        text: 'select id::text, part, body::text, n::text from records',
        rowMode: 'array',
      })
      return rows.rows.map(identify)
    },
    away: (gone) => (gone ? server.stop() : server.start()),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

sinkContract('postgres rowWriter', open)
