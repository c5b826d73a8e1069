import { postgres } from '../../../src/adapters/postgres/index.js'
import { deadLetterStoreContract } from '../../contracts/dead-letter-store.js'
import { plainClient, testDatabase } from '../../support/postgres.js'

const database = testDatabase()

deadLetterStoreContract('postgres', async () => {
  const [one, two] = [postgres(database.url), postgres(database.url)]
  await one.state.prepare(AbortSignal.timeout(60_000))
  await using client = await plainClient(database.url)
  await client.query('TRUNCATE lockstep.dead_letters')
  return {
    store: one.state.deadLetters,
    other: two.state.deadLetters,
    [Symbol.asyncDispose]: async () => {
      await one[Symbol.asyncDispose]()
      await two[Symbol.asyncDispose]()
    },
  }
})
