import { sqlite } from 'lockstep/sqlite'
import { checkpointStoreContract } from '../../contracts/checkpoint-store.js'
import { deadLetterStoreContract } from '../../contracts/dead-letter-store.js'
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
