import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { PostgresDatabase } from '../postgres/database.js'
import type { Address } from '../postgres/session/address.js'
import { translate } from '../postgres/session/errors.js'
import { graphileWorker, poolFor, silentLogger } from './library.js'
import { OWN_TABLES } from './queue-schema.js'

const Found = z.tuple([z.object({ own: z.boolean() })])

const LOCK = 7_215_402_113

/** Creates what is missing, the library's tables too; safe when several start at once. */
export async function prepareQueue(database: PostgresDatabase, address: Address, signal: AbortSignal): Promise<void> {
  const options = { signal, what: 'preparing the queue' }
  const lookup = sql`select to_regclass('lockstep_queue.found') is not null as own`
  const [{ own }] = Found.parse(await database.session.execute(lookup, options))
  if (!own) {
    await database.session.transaction(async (transaction) => {
      await transaction.execute(sql`select pg_advisory_xact_lock(${LOCK}::int8)`)
      for (const statement of OWN_TABLES) await transaction.execute(sql.raw(statement))
    }, options)
  }
  const { runMigrations } = await graphileWorker()
  const pgPool = poolFor(address, 1)
  try {
    await runMigrations({ pgPool, logger: await silentLogger() })
  } catch (error) {
    throw translate(error, { what: options.what, label: database.label })
  } finally {
    await pgPool.end()
  }
}
