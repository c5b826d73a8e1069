import type { PostgresTableInfo } from '../catalog/catalog.js'
import { bucketIndex, hashingOf, rowHash } from './digest-sql.js'
import { lookupRows, printed } from './lookup.js'
import type { RowForm } from './row-form.js'

/** Values as PostgreSQL prints them, hashed by its own functions: the fastest. */
export function nativeForm(info: PostgresTableInfo): RowForm {
  return {
    info,
    hashing: hashingOf(info),
    rowHash: rowHash(info),
    bucketIndex: (depth) => bucketIndex(info, depth),
    printed,
    lookup: (session, keys, signal) => lookupRows(session, info, keys, signal),
  }
}
