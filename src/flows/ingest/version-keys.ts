import type { CachedVersion, CacheEntry } from '../../core/cache.js'
import type { TableRef } from '../../core/database.js'
import { ConfigError } from '../../core/errors.js'
import type { Rowset, Values } from '../../core/upsert.js'

/** Names the rows of a flow's tables for a cache, and says what version they have. */
export interface VersionKeys {
  /** One entry per row; `undefined` when some row's version is not for a cache to compare, or there is no row. */
  entriesOf(rowset: Rowset): readonly CacheEntry[] | undefined
}

/**
 * Throws `ConfigError` when a table with a version does not say its key: only the database knows it then. `scope` is what
 * the keys begin with, the flow and the database that it really reached.
 */
export function versionKeys(tables: readonly TableRef[], scope: readonly string[]): VersionKeys {
  const columns = tables.map(({ name, options: { key, version } }) => {
    if (version === undefined) return undefined
    return { version, key: key ?? missingKey(name), prefix: JSON.stringify([...scope, name]) }
  })
  return {
    entriesOf({ rows }) {
      const entries: CacheEntry[] = []
      for (const [at, ofTable] of rows.entries()) {
        const named = columns[at]
        for (const row of ofTable) {
          const entry = named === undefined ? undefined : entryOf(row, named)
          if (entry === undefined) return undefined
          entries.push(entry)
        }
      }
      return entries.length === 0 ? undefined : entries
    },
  }
}

/** Whether `stored` is known to be as new as `version`. Texts have an order of their own that only the database knows. */
export function isAsNew(stored: CachedVersion | undefined, version: CachedVersion): boolean {
  if (stored === undefined) return false
  if (typeof stored === 'string' || typeof version === 'string') return stored === version
  return stored >= version
}

interface KeyColumns {
  readonly prefix: string
  readonly key: readonly string[]
  readonly version: string
}

function entryOf(row: Values, { prefix, key, version }: KeyColumns): CacheEntry | undefined {
  const known = comparable(row[version])
  const values = key.map((column) => row[column])
  if (known === undefined || values.some((value) => value === undefined || value === null)) return undefined
  return { key: prefix + JSON.stringify(values, asText), version: known }
}

function comparable(version: unknown): CachedVersion | undefined {
  if (version instanceof Date) return Number.isNaN(version.getTime()) ? undefined : version.getTime()
  if (typeof version === 'number') return Number.isNaN(version) ? undefined : version
  return typeof version === 'string' || typeof version === 'bigint' ? version : undefined
}

function asText(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return `${value}`
  return value
}

function missingKey(table: string): never {
  throw new ConfigError({
    code: 'cache-key',
    key: 'ingest({ cache })',
    message: `the cache cannot know which columns identify a row of ${table}`,
    fix: `name them: database.table(${table}, { key: [...], version: ... })`,
  })
}
