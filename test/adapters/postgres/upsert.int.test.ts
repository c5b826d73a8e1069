import { upsertContract } from '../../contracts/upsert.js'
import { testDatabase } from '../../support/postgres.js'
import { upsertHarness } from './upsert-harness.js'

const database = testDatabase()

upsertContract('postgres', (tables) => upsertHarness(database, tables))
