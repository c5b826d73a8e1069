import type { Database, TableRef, Upserts } from '../../core/database.js'
import { ConfigError } from '../../core/errors.js'
import { isTableRef, type Settings } from './settings.js'

/** Where the rows go: tables of one database that can be upserted into. */
export interface Destination {
  readonly database: Database & Upserts
  readonly tables: readonly TableRef[]
  /** What `map` calls the tables, in their order; `undefined` when `into` is one table. */
  readonly names: readonly string[] | undefined
}

export function destinationOf(into: Settings['into']): Destination {
  const names = isTableRef(into) ? undefined : Object.keys(into)
  const tables = isTableRef(into) ? [into] : Object.values(into)
  const [first] = tables
  if (first === undefined) {
    throw problem('into-empty', 'names no table', 'name at least one, e.g. `into: { quotes: db.table(quotes) }`')
  }
  const { database } = first
  const stranger = tables.find((table) => table.database !== database)
  if (stranger !== undefined) {
    throw problem(
      'into-databases',
      `${first.name} is in ${database.label}, ${stranger.name} in ${stranger.database.label}, and rows of one message are one transaction`,
      'name tables of one and the same database object; a second database is a second flow',
    )
  }
  if (!hasUpserts(database)) {
    throw problem(
      'upserts-unsupported',
      `${database.engine} (${database.label}) cannot be ingested into`,
      'name tables of PostgreSQL, MySQL, MariaDB or SQLite',
    )
  }
  return { database, tables, names }
}

function hasUpserts(database: Database): database is Database & Upserts {
  return database.upserts !== undefined
}

function problem(code: string, message: string, fix: string): ConfigError {
  return new ConfigError({ code, key: 'ingest({ into })', message, fix })
}
