import { sqlite } from 'lockstep/sqlite'
import { expect, it } from 'vitest'
import type { Row, Table } from '../../../src/core/table.js'
import { checkStoreContract } from '../../contracts/check-store.js'
import { checkpointStoreContract } from '../../contracts/checkpoint-store.js'
import { conflictStoreContract } from '../../contracts/conflict-store.js'
import { deadLetterStoreContract } from '../../contracts/dead-letter-store.js'
import { eventLogContract } from '../../contracts/event-log-store.js'
import { feedRunStoreContract } from '../../contracts/feed-run-store.js'
import { leaseStoreContract } from '../../contracts/lease-store.js'
import { tableContract } from '../../contracts/table.js'
import { upsertContract } from '../../contracts/upsert.js'
import { DatabaseFile, signal } from './file.js'
import { upsertHarness } from './upsert-harness.js'

/** Two handles of one file, as two processes have them. */
async function twice() {
  const file = await DatabaseFile.make()
  const [one, other] = [sqlite(file.path), sqlite(file.path)]
  await one.state.prepare(signal)
  return {
    one: one.state,
    other: other.state,
    file,
    async [Symbol.asyncDispose]() {
      await one[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
      await file[Symbol.asyncDispose]()
    },
  }
}

async function inMemory() {
  const database = sqlite(':memory:')
  await database.state.prepare(signal)
  const { state } = database
  return { one: state, other: state, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

for (const [name, open] of [
  ['sqlite', twice],
  ['sqlite in memory', inMemory],
] as const) {
  checkpointStoreContract(name, async () => {
    const { one, other, ...rest } = await open()
    return { store: one.checkpoints, other: other.checkpoints, leases: one.leases, ...rest }
  })
  conflictStoreContract(name, async () => {
    const { one, other, ...rest } = await open()
    return { store: one.conflicts, other: other.conflicts, ...rest }
  })
  eventLogContract(name, async () => {
    const { one, other, ...rest } = await open()
    return { store: one.events, other: other.events, ...rest }
  })
  feedRunStoreContract(name, async () => {
    const { one, other, ...rest } = await open()
    return { store: one.feeds, other: other.feeds, ...rest }
  })
  deadLetterStoreContract(name, async () => {
    const { one, other, ...rest } = await open()
    return { store: one.deadLetters, other: other.deadLetters, ...rest }
  })
}

leaseStoreContract('sqlite', async () => {
  const { one, other, file, ...rest } = await twice()
  const age = async (seconds: number): Promise<void> => {
    const client = file.client()
    await client.execute({ sql: 'update lockstep_leases set expires_ms = expires_ms - ?', args: [seconds * 1_000] })
    client.close()
  }
  return { store: one.leases, other: other.leases, age, ...rest, [Symbol.asyncDispose]: rest[Symbol.asyncDispose] }
})

checkStoreContract('sqlite', async () => {
  const { one, other, file, ...rest } = await twice()
  const age = async (seconds: number): Promise<void> => {
    const client = file.client()
    await client.execute(`update lockstep_check_runs
      set heartbeat_at = strftime('%Y-%m-%dT%H:%M:%fZ', heartbeat_at, '-${seconds} seconds')`)
    client.close()
  }
  return { store: one.checks, other: other.checks, age, ...rest }
})

it('brings state tables of version 1 up to date, with all that is in them', async () => {
  await using file = await DatabaseFile.make()
  const client = file.client()
  // Word for word as version 1 made them, those that this asks for.
  await client.batch([
    `create table lockstep_checkpoints (flow text not null, lane text not null, position text not null,
      updated_at text not null, primary key (flow, lane)) without rowid`,
    'create table lockstep_version (only_row integer primary key check (only_row = 1), version integer not null)',
    'insert into lockstep_version values (1, 1)',
    "insert into lockstep_checkpoints values ('mirror', '>', 'here', '2026-01-01T00:00:00.000Z')",
  ])
  const [one, other] = [sqlite(file.path), sqlite(file.path)]
  expect(await one.state.checks.list()).toEqual([])
  await Promise.all([one.state.prepare(signal), other.state.prepare(signal)])
  const { rows } = await client.execute('select version from lockstep_version')
  expect(rows.map((row) => row['version'])).toEqual([5n])
  expect(await one.state.checkpoints.load('mirror')).toEqual(new Map([['>', 'here']]))
  expect(await other.state.checks.list()).toEqual([])
  await client.execute('update lockstep_version set version = 99')
  await expect(other.state.prepare(signal)).rejects.toMatchObject({ code: 'state-version' })
  for (const handle of [one, other, client]) await ('close' in handle ? handle.close() : handle[Symbol.asyncDispose]())
})

upsertContract('sqlite', upsertHarness)

tableContract('sqlite', async (rows) => {
  const file = await DatabaseFile.make()
  const client = file.client()
  const database = sqlite(file.path)
  const make = async (name: string, of: readonly Row[]): Promise<Table> => {
    await client.execute(`create table ${name} (id text primary key not null, a text not null, b text)`)
    await insert(name, of)
    const text = { kind: 'text', padded: false } as const
    const opened = await database.table(name).openCanonical(signal)
    return opened.as(
      ['id', 'a', 'b'].map((column) => ({ name: column, as: column, form: text })),
      ['id'],
    )
  }
  const insert = async (name: string, of: readonly Row[]): Promise<void> => {
    if (of.length === 0) return
    await client.batch(
      of.map((row) => ({ sql: `insert or replace into ${name} values (?, ?, ?)`, args: [...row] })),
      'write',
    )
  }
  return {
    table: await make('records', rows),
    put: (changed) => insert('records', changed),
    remove: async (ids) => {
      for (const id of ids) await client.execute({ sql: 'delete from records where id = ?', args: [id] })
    },
    twin: (others) => make('twin', others),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      client.close()
      await file[Symbol.asyncDispose]()
    },
  }
})
