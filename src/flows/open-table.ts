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

function hasOpen(ref: TableRef): ref is ReadableTableRef {
  return ref.open !== undefined
}
