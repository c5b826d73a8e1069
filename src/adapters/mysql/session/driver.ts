import type { drizzle } from 'drizzle-orm/mysql2'
import type { createConnection } from 'mysql2'
import { missingPeer } from '../../../core/missing-peer.js'

/** The client library, and Drizzle over it: loaded on first use, as only users of MySQL have installed it. */
export interface Driver {
  readonly createConnection: typeof createConnection
  /** A text as an SQL literal; right for our sessions only, whose sql_mode and charset are known. */
  readonly quote: (value: string) => string
  readonly drizzle: typeof drizzle
}

export async function loadDriver(): Promise<Driver> {
  const missing = missingPeer({ name: 'mysql2', install: 'mysql2', key: 'mysql(url)' })
  const client = await import('mysql2').catch(missing)
  const orm = await import('drizzle-orm/mysql2').catch(missing)
  return { createConnection: client.createConnection, quote: client.escape, drizzle: orm.drizzle }
}
