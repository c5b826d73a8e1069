import type { ReadableTableRef, TableRef } from '../core/database.js'
import { ConfigError } from '../core/errors.js'

/** The same reference, once it is known that its table can be compared; else a `ConfigError`. */
export function readable(ref: TableRef, key: string): ReadableTableRef {
  if (hasOpen(ref)) return ref
  throw new ConfigError({
    code: 'comparison-unsupported',
    key,
    message: `tables of ${ref.database.engine} (${ref.name} in ${ref.database.label}) cannot be compared or followed`,
    fix: 'name a table of PostgreSQL',
  })
}

/** The same reference, once it is known that its table can be compared with one of another engine; else a `ConfigError`. */
export function canonical(ref: TableRef, key: string): CanonicalTableRef {
  if (hasCanonical(ref)) return ref
  throw new ConfigError({
    code: 'comparison-unsupported',
    key,
    message: `tables of ${ref.database.engine} (${ref.name} in ${ref.database.label}) cannot be compared with those of another engine, or under other names`,
    fix: 'name tables of PostgreSQL, MySQL, MariaDB or SQLite',
  })
}

export type CanonicalTableRef = TableRef & Required<Pick<TableRef, 'openCanonical'>>

function hasCanonical(ref: TableRef): ref is CanonicalTableRef {
  return ref.openCanonical !== undefined
}

export function hasOpen(ref: TableRef): ref is ReadableTableRef {
  return ref.open !== undefined
}
