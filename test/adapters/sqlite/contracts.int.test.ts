import { sqlite } from 'lockstep/sqlite'
import type { Row, Table } from '../../../src/core/table.js'
import { checkpointStoreContract } from '../../contracts/checkpoint-store.js'
import { deadLetterStoreContract } from '../../contracts/dead-letter-store.js'
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
    return { store: one.checkpoints, other: other.checkpoints, ...rest }
  })
  deadLetterStoreContract(name, async () => {
    const { one, other, ...rest } = await open()
    return { store: one.deadLetters, other: other.deadLetters, ...rest }
  })
}

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
